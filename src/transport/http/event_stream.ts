/** One stream of server-sent events, which a reader that lost it can take up where it was. */

import type { JSONRPCMessage } from "@modelcontextprotocol/server";

/** How long a reader should wait before it connects again, in milliseconds. */
const RETRY_MS = 1_000;

/** What is kept for a reader that comes again, in characters; of more the latest event alone. */
const MAX_KEPT = 1_048_576;

/** How a stream is written. */
export interface EventStreamOptions {
  /** Told from other streams of its session by it. */
  readonly name: string;
  /** Whether events have ids, and the first one says that the stream can be taken up again: clients since 2025-11-25. */
  readonly isResumable: boolean;
  /** Between comments while nothing else is sent, in milliseconds. */
  readonly keepAliveMs: number;
}

/** A stream; a reader that comes later takes the place of the one before. */
export class EventStream {
  readonly name: string;
  readonly isResumable: boolean;
  readonly #keepAliveMs: number;
  readonly #encoder = new TextEncoder();
  #kept: { readonly number: number; readonly text: string }[] = [];
  #keptLength = 0;
  #count = 0;
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hasEnded = false;

  constructor({ name, isResumable, keepAliveMs }: EventStreamOptions) {
    this.name = name;
    this.isResumable = isResumable;
    this.#keepAliveMs = keepAliveMs;
  }

  /** Whether nothing will be sent any more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** What a new reader gets: what came `after` the event of this number, and what will come. */
  read(after?: number): ReadableStream<Uint8Array> {
    this.leave();
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new ReadableStream({
      start: (controller) => {
        own = this.#reader = controller;
        if (this.isResumable && after === undefined) {
          this.#write(`id: ${this.#nextId()}\nretry: ${RETRY_MS}\ndata: \n\n`);
        }
        for (const { number, text } of this.#kept) if (number > (after ?? 0)) this.#write(text);
        if (this.#hasEnded) return this.leave();
        this.#timer = setInterval(() => this.#write(": keepalive\n\n"), this.#keepAliveMs);
      },
      cancel: () => {
        if (this.#reader === own) this.#forget();
      },
    });
  }

  /** Sends one message, now or to the reader that comes again. */
  send(message: JSONRPCMessage): void {
    if (this.#hasEnded) return;
    const id = this.isResumable ? `id: ${this.#nextId()}\n` : "";
    const text = `event: message\n${id}data: ${JSON.stringify(message)}\n\n`;
    if (this.isResumable) this.#keep(text);
    this.#write(text);
  }

  /** Ends the stream; what was sent can still be read again. */
  end(): void {
    this.#hasEnded = true;
    this.leave();
  }

  /** Ends what the present reader reads. */
  leave(): void {
    const reader = this.#reader;
    this.#forget();
    reader?.close();
  }

  #nextId(): string {
    return `${this.name}-${++this.#count}`;
  }

  #keep(text: string): void {
    this.#kept.push({ number: this.#count, text });
    this.#keptLength += text.length;
    while (this.#keptLength > MAX_KEPT && this.#kept.length > 1) {
      this.#keptLength -= this.#kept.shift()?.text.length ?? 0;
    }
  }

  #write(text: string): void {
    this.#reader?.enqueue(this.#encoder.encode(text));
  }

  #forget(): void {
    clearInterval(this.#timer);
    this.#reader = undefined;
  }
}

/** Reads the id of an event: its stream's name, and its number there. */
export function readEventId(text: string): { readonly name: string; readonly number: number } | undefined {
  const [, name, number] = /^([0-9a-z]{1,20})-(\d{1,15})$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, number: Number(number) };
}
