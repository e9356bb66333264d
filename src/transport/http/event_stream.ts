/** One stream of server-sent events, which a reader that lost it can take up where it was. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { EventLog, LoggedEvent, LoggedStream } from "../../session/event_log.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { EVENTS_TYPE } from "./accept.ts";

/** How long a reader should wait before it connects again, in milliseconds. */
const RETRY_MS = 1_000;

/** Events that may wait for a reader that counts as one that takes them. */
const MAX_UNREAD = 8;

/** How a stream is written. */
export interface EventStreamOptions {
  /** Told from other streams of its session by it. */
  readonly name: string;
  /** Whether events have ids, and the first one says that the stream can be taken up again: clients since 2025-11-25. */
  readonly isResumable: boolean;
  /** Between comments while nothing else is sent, in milliseconds. */
  readonly keepAliveMs: number;
  /** Where the events of a stream that can be taken up again are kept before they are sent. */
  readonly log: EventLog;
  /** When the log knows of it. @default now */
  readonly begun?: Awaitable<void>;
  /** The number of the last event that was sent before. @default 0 */
  readonly count?: number;
  /** @default false */
  readonly hasEnded?: boolean;
}

/** Whoever reads the stream now. */
interface Reader {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** What was sent while this one still gets what was kept. */
  waiting: LoggedEvent[] | undefined;
  /** The number of the last event that it got. */
  last: number;
}

/** A stream; a reader that comes later takes the place of the one before. */
export class EventStream {
  readonly name: string;
  readonly isResumable: boolean;
  /** When whoever goes on with the session would find it. */
  readonly begun: Awaitable<void>;
  readonly #keepAliveMs: number;
  readonly #log: EventLog;
  readonly #encoder = new TextEncoder();
  #count: number;
  #reader: Reader | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hasEnded: boolean;
  /** Whether all that was sent has been kept and delivered, too. */
  #isOver: boolean;

  constructor({ name, isResumable, keepAliveMs, log, begun, count = 0, hasEnded = false }: EventStreamOptions) {
    this.name = name;
    this.isResumable = isResumable;
    this.begun = begun;
    this.#keepAliveMs = keepAliveMs;
    this.#log = log;
    this.#count = count;
    this.#hasEnded = this.#isOver = hasEnded;
  }

  /** Whether nothing will be sent any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether somebody reads it, and takes what is sent. */
  get isTaken(): boolean {
    const room = this.#reader?.controller.desiredSize;
    return typeof room === "number" && room > -MAX_UNREAD;
  }

  /** What a new reader gets: what came `after` the event of this number, and what will come. */
  read(after?: number): ReadableStream<Uint8Array> {
    this.leave();
    let own: Reader;
    return new ReadableStream({
      start: (controller) => {
        own = this.#reader = { controller, waiting: [], last: after ?? 0 };
        if (this.isResumable && after === undefined) {
          this.#write(`id: ${this.name}-${++this.#count}\nretry: ${RETRY_MS}\ndata: \n\n`);
        }
        const kept = this.isResumable ? this.#log.read(this.name) : undefined;
        void whenAnswered(kept, (kept) => this.#catchUp(own, kept));
      },
      cancel: () => {
        if (this.#reader === own) this.#forget();
      },
    });
  }

  /** Sends one message, now or to the reader that comes again. */
  send(message: JSONRPCMessage): void {
    if (this.#hasEnded) return;
    const data = `data: ${JSON.stringify(message)}\n\n`;
    if (!this.isResumable) return this.#write(`event: message\n${data}`);
    const number = ++this.#count;
    const event = { number, text: `event: message\nid: ${this.name}-${number}\n${data}` };
    // What a reader has seen must not be lost: it is kept first.
    void whenAnswered(this.#log.append(this.name, event), () => this.deliver(event));
  }

  /** Hands a kept event to the present reader, unless it got it before. */
  deliver(event: LoggedEvent): void {
    const reader = this.#reader;
    if (reader?.waiting !== undefined) reader.waiting.push(event);
    else if (reader !== undefined && event.number > reader.last) {
      reader.last = event.number;
      this.#write(event.text);
    }
  }

  /** Ends the stream; what was sent can still be read again. */
  end(): void {
    this.#hasEnded = true;
    void whenAnswered(this.isResumable ? this.#log.end(this.name) : undefined, () => {
      this.#isOver = true;
      if (this.#reader?.waiting === undefined) this.leave();
    });
  }

  /** Ends what the present reader reads. */
  leave(): void {
    const reader = this.#reader;
    this.#forget();
    reader?.controller.close();
  }

  #catchUp(reader: Reader, kept: LoggedStream | undefined): void {
    if (this.#reader !== reader) return;
    const waiting = reader.waiting ?? [];
    reader.waiting = undefined;
    for (const event of [...kept?.events ?? [], ...waiting]) this.deliver(event);
    if (this.#isOver) return this.leave();
    this.#timer = setInterval(() => this.#write(": keepalive\n\n"), this.#keepAliveMs);
  }

  #write(text: string): void {
    this.#reader?.controller.enqueue(this.#encoder.encode(text));
  }

  #forget(): void {
    clearInterval(this.#timer);
    this.#reader = undefined;
  }
}

/** Tells whether a response is a stream of server-sent events. */
export function isEventStream(response: Response): boolean {
  return response.headers.get("content-type") === EVENTS_TYPE && response.body !== null;
}

/** Reads the id of an event: its stream's name, and its number there. */
export function readEventId(text: string): { readonly name: string; readonly number: number } | undefined {
  const [, name, number] = /^([0-9a-z]{1,20})-(\d{1,15})$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, number: Number(number) };
}
