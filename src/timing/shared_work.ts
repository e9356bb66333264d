/** Work that several callers wait for: each may give up alone, and the work is aborted when the last one does. */

import { abortable } from "./deadline.ts";

/** One running piece of work. */
export class SharedWork<Value> {
  readonly #result: Promise<Value>;
  readonly #ending = new AbortController();
  #waiting = 0;
  #isSettled = false;

  /** Starts the work; it must end when the signal aborts. */
  constructor(work: (signal: AbortSignal) => Promise<Value>) {
    this.#result = work(this.#ending.signal);
    const settle = () => void (this.#isSettled = true);
    this.#result.then(settle, settle);
  }

  /** Whether the last caller has given up, so that the work must not be joined any more. */
  get isAbandoned(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Waits for the result; a caller that gives up gets `reason()`. */
  async join(signal: AbortSignal | undefined, reason: () => Error): Promise<Value> {
    this.#waiting++;
    try {
      return await abortable(this.#result, signal, reason);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0 && !this.#isSettled) this.#ending.abort();
    }
  }
}
