/** The stream sessions that the exchange allows per key. */

/** The documented limit: further connections are refused. */
const SESSION_LIMIT = 50;

/** Counts the sessions of this process. */
export class StreamSessions {
  readonly limit: number;
  #open = 0;

  constructor(limit: number = SESSION_LIMIT) {
    this.limit = limit;
  }

  get open(): number {
    return this.#open;
  }

  /** Takes a session until it is disposed of; `undefined` when all are in use. */
  take(): Disposable | undefined {
    if (this.#open >= this.limit) return undefined;
    this.#open++;
    return { [Symbol.dispose]: () => void this.#open-- };
  }
}
