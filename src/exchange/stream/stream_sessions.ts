/** The sessions that the exchange lets one key hold at a time. */

/** What Luno documents: beyond it a connection is refused. */
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

  /** Takes one until it is disposed of; `undefined` when all are taken. */
  take(): Disposable | undefined {
    if (this.#open >= this.limit) return undefined;
    this.#open++;
    return { [Symbol.dispose]: () => void this.#open-- };
  }
}
