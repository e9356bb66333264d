/** One stream of server-sent events, which a reader can continue after losing it. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import type { EventLog, LoggedEvent, LoggedStream } from "../../session/event_log.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { EVENTS_TYPE } from "./accept.ts";

/** How long a reader should wait before it reconnects, in milliseconds. */
const RETRY_MS = 1_000;

/** The most events that may be unread by a reader that counts as reading. */
const MAX_UNREAD = 8;

/** Settings of a stream. */
export interface EventStreamOptions {
  /** Its name within the session. */
  readonly name: string;
  /**
   * Whether events have ids, and the first one announces that the stream can be continued: for clients since revision
   * 2025-11-25.
   */
  readonly isResumable: boolean;
  /** Interval of comments while nothing else is sent, in milliseconds. */
  readonly keepAliveMs: number;
  /** Stores the events of a stream that can be continued, before they are sent. */
  readonly log: EventLog;
  /**
   * Settles when the log knows of it.
   *
   * @default already
   */
  readonly begun?: Awaitable<void>;
  /**
   * The number of the last event that was sent earlier.
   *
   * @default 0
   */
  readonly count?: number;
  /** @default false */
  readonly hasEnded?: boolean;
}

/** The present reader of the stream. */
interface Reader {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** Events sent while this reader still gets stored ones. */
  waiting: LoggedEvent[] | undefined;
  /** The number of the last event that it got. */
  last: number;
}

/** A stream; a later reader replaces the previous one. */
export class EventStream {
  readonly name: string;
  readonly isResumable: boolean;
  /** Settles when another server that continues the session would find it. */
  readonly begun: Awaitable<void>;
  readonly #keepAliveMs: number;
  readonly #log: EventLog;
  readonly #encoder = new TextEncoder();
  #count: number;
  #reader: Reader | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hasEnded: boolean;
  /** Whether everything that was sent is also stored and delivered. */
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

  /** Whether nothing more will be sent. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The number of the last event that was sent; 0 before the first. */
  get last(): number {
    return this.#count;
  }

  /** Whether there is a reader, and it reads. */
  get isTaken(): boolean {
    const room = this.#reader?.controller.desiredSize;
    return typeof room === "number" && room > -MAX_UNREAD;
  }

  /** The stream for a new reader: events after the number `after`, and all later ones. */
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

  /** Sends one message, now or to the next reader. */
  send(message: JSONRPCMessage): void {
    if (this.#hasEnded) return;
    const data = `data: ${JSON.stringify(message)}\n\n`;
    if (!this.isResumable) return this.#write(`event: message\n${data}`);
    const number = ++this.#count;
    const event = { number, text: `event: message\nid: ${this.name}-${number}\n${data}` };
    // A delivered event must not be lost: it is stored first.
    void whenAnswered(this.#log.append(this.name, event), () => this.deliver(event));
  }

  /** Delivers a stored event to the present reader, unless it already got it. */
  deliver(event: LoggedEvent): void {
    const reader = this.#reader;
    this.#count = Math.max(this.#count, event.number);
    if (reader?.waiting !== undefined) reader.waiting.push(event);
    else if (reader !== undefined && event.number > reader.last) {
      reader.last = event.number;
      this.#write(event.text);
    }
  }

  /** Completes the stream; its events can still be read again. */
  end(): void {
    this.#hasEnded = true;
    void whenAnswered(this.isResumable ? this.#log.end(this.name) : undefined, () => {
      this.#isOver = true;
      if (this.#reader?.waiting === undefined) this.leave();
    });
  }

  /** Disconnects the present reader. */
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

/** Parses the id of an event: its stream's name, and its number in it. */
export function readEventId(text: string): { readonly name: string; readonly number: number } | undefined {
  const [, name, number] = /^([0-9a-z]{1,20})-(\d{1,15})$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, number: Number(number) };
}
