/** Messages that wait for a connection: a bounded number, for a bounded time. */

import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import type { Sleep } from "../timing/sleep.ts";

/** Bounds, and who hears of messages that waited too long. */
export interface WaitingRoomOptions {
  readonly maxMessages: number;
  readonly maxWaitMs: number;
  readonly sleep: Sleep;
  expired(message: JSONRPCMessage): void;
}

interface Waiting {
  readonly message: JSONRPCMessage;
  readonly timer: AbortController;
}

/** First in, first out. */
export class WaitingRoom {
  readonly #options: WaitingRoomOptions;
  #waiting: Waiting[] = [];

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes a message; `false` when there is no room. */
  add(message: JSONRPCMessage): boolean {
    const { maxMessages, maxWaitMs, sleep, expired } = this.#options;
    if (this.#waiting.length >= maxMessages) return false;
    const entry = { message, timer: new AbortController() };
    this.#waiting.push(entry);
    void sleep(maxWaitMs, entry.timer.signal).then(() => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
      expired(message);
    }, () => {});
    return true;
  }

  /** Lets all out, in order. */
  empty(): JSONRPCMessage[] {
    const all = this.#waiting;
    this.#waiting = [];
    for (const { timer } of all) timer.abort();
    return all.map(({ message }) => message);
  }

  /** Forgets a request; answers whether it was here. */
  remove(id: RequestId): boolean {
    const entry = this.#waiting.find(({ message }) => "method" in message && "id" in message && message.id === id);
    if (entry === undefined) return false;
    entry.timer.abort();
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    return true;
  }
}
