/**
 * What could not be written into the trading record although it has happened. While anything is kept here, no order may
 * be sent; it is written in its order as soon as the record takes it.
 */

import { reasonOf } from "../../errors/reason_of.ts";

/** Beyond this the oldest is dropped: its order is looked up again at the next start. */
const MAX_KEPT = 1_000;

/** Changes of the record that wait to be written. */
export class PendingWrites {
  #kept: (() => void)[] = [];
  #reason: string | null = null;

  /** Why nothing can be written, or `null`. */
  get reason(): string | null {
    return this.#reason;
  }

  /**
   * Writes what has happened; `undefined` when that failed and it is kept for later. After a failure nothing is tried
   * here until {@linkcode PendingWrites.retry} has worked: whoever cancels must not wait for a record that is stuck.
   */
  write<Result>(change: () => Result): Result | undefined {
    if (this.#reason === null) {
      try {
        return change();
      } catch (error) {
        this.#reason = reasonOf(error);
      }
    }
    this.#kept.push(() => void change());
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    return undefined;
  }

  /** Reads from the record; `undefined` when that fails, where the work must go on all the same. */
  attempt<Result>(read: () => Result): Result | undefined {
    try {
      return read();
    } catch (error) {
      this.#reason = reasonOf(error);
      return undefined;
    }
  }

  /** Tries to write what is kept; `true` when nothing is left. */
  retry(): boolean {
    try {
      for (let change = this.#kept[0]; change !== undefined; change = this.#kept[0]) {
        change();
        this.#kept.shift();
      }
      this.#reason = null;
      return true;
    } catch (error) {
      this.#reason = reasonOf(error);
      return false;
    }
  }
}
