/** A queue of messages that wait for a connection: bounded in number and time. */

import type { JSONRPCMessage, RequestId } from "@modelcontextprotocol/client";
import type { Sleep } from "../timing/sleep.ts";

/** Limits, and a callback for messages that waited too long. */
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

  /** Adds a message; returns `false` when the queue is full. */
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

  /** Removes and returns all messages, in order. */
  empty(): JSONRPCMessage[] {
    const all = this.#waiting;
    this.#waiting = [];
    for (const { timer } of all) timer.abort();
    return all.map(({ message }) => message);
  }

  /** Removes a request; returns whether it was in the queue. */
  remove(id: RequestId): boolean {
    const entry = this.#waiting.find(({ message }) => "method" in message && "id" in message && message.id === id);
    if (entry === undefined) return false;
    entry.timer.abort();
    this.#waiting = this.#waiting.filter((other) => other !== entry);
    return true;
  }
}
