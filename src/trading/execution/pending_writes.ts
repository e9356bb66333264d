/**
 * What could not be written into the trading record although it has happened. While anything is kept here, no order may
 * be sent; it is written in its order as soon as the record takes it.
 */

import { reasonOf } from "../../errors/reason_of.ts";

/** Beyond this the oldest is dropped: its order is looked up again at the next start. */
const MAX_KEPT = 1_000;

/** Changes of the record, written one after the other, and those that wait to be written. */
export class PendingWrites {
  #kept: (() => Promise<unknown>)[] = [];
  #reason: string | null = null;
  /** Settles when everything that was asked for has been tried. */
  #last: Promise<unknown> = Promise.resolve();

  /** Why nothing can be written, or `null`. */
  get reason(): string | null {
    return this.#reason;
  }

  /**
   * Writes what has happened, after all that was to be written before; `undefined` when that failed and it is kept for
   * later. After a failure nothing is tried here until {@linkcode PendingWrites.retry} has worked: whoever cancels must
   * not wait for a record that is stuck. Never rejects.
   */
  write<Result>(change: () => Promise<Result>): Promise<Result | undefined> {
    return this.#next(async () => {
      if (this.#reason === null) {
        try {
          return await change();
        } catch (error) {
          this.#reason = reasonOf(error);
        }
      }
      this.#kept.push(change);
      if (this.#kept.length > MAX_KEPT) this.#kept.shift();
      return undefined;
    });
  }

  /** Reads from the record; `undefined` when that fails, where the work must go on all the same. Never rejects. */
  async attempt<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#reason = reasonOf(error);
      return undefined;
    }
  }

  /** Tries to write what is kept; `true` when nothing is left. Never rejects. */
  retry(): Promise<boolean> {
    return this.#next(async () => {
      try {
        for (let change = this.#kept[0]; change !== undefined; change = this.#kept[0]) {
          await change();
          this.#kept.shift();
        }
        this.#reason = null;
        return true;
      } catch (error) {
        this.#reason = reasonOf(error);
        return false;
      }
    });
  }

  /** Everything runs in the order in which it was asked for: no later change overtakes one that is kept. */
  #next<Result>(run: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(run);
    this.#last = done;
    return done;
  }
}
