/** Work that several callers wait for: each may give up alone, and the work ends when the last of them does. */

import { abortable } from "./deadline.ts";

/** One piece of work that has begun. */
export class SharedWork<Value> {
  readonly #result: Promise<Value>;
  readonly #ending = new AbortController();
  #waiting = 0;
  #isSettled = false;

  /** Begins it; `work` ends at the signal. */
  constructor(work: (signal: AbortSignal) => Promise<Value>) {
    this.#result = work(this.#ending.signal);
    const settle = () => void (this.#isSettled = true);
    this.#result.then(settle, settle);
  }

  /** Whether its last caller has given up, so that nobody may join it any more. */
  get isAbandoned(): boolean {
    return this.#ending.signal.aborted;
  }

  /** Waits for the result; who gives up gets `reason()`. */
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
