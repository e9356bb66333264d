/**
 * Changes that have happened but could not be recorded. While there are any, no order may be sent; they are recorded in
 * order as soon as the record can be written.
 *
 * A change that can never be recorded, because of a mistake of this program, is logged and dropped: kept, it would block all
 * orders until a restart. Its order remains in the record as one that may exist, counts in every limit, and is looked up again.
 */

import { reasonOf } from "../../errors/reason_of.ts";
import { getLogger } from "../../logging/logger.ts";
import { StoreError } from "../record/store_error.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** Beyond this number the oldest is dropped: its order is looked up again at the next start. */
const MAX_KEPT = 1_000;

/** Writes changes to the record one after the other, and keeps those that failed. */
export class PendingWrites {
  #kept: (() => Promise<unknown>)[] = [];
  #reason: string | null = null;
  /** Settles when everything requested so far was tried. */
  #last: Promise<unknown> = Promise.resolve();

  /** Why nothing can be written, or `null`. */
  get reason(): string | null {
    return this.#reason;
  }

  /**
   * Records a change after all earlier ones; `undefined` when that failed and it is kept for later. After a failure
   * nothing is tried here until {@linkcode PendingWrites.retry} has succeeded: cancelling must not wait for a blocked
   * record. Never rejects.
   */
  write<Result>(change: () => Promise<Result>): Promise<Result | undefined> {
    return this.#next(async () => {
      if (this.#reason === null) {
        try {
          return await change();
        } catch (error) {
          if (isHopeless(error)) return undefined;
          this.#reason = reasonOf(error);
        }
      }
      this.#kept.push(change);
      if (this.#kept.length > MAX_KEPT) this.#kept.shift();
      return undefined;
    });
  }

  /** Reads from the record; `undefined` when that fails and the work must continue regardless. Never rejects. */
  async attempt<Result>(read: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await read();
    } catch (error) {
      this.#reason = reasonOf(error);
      return undefined;
    }
  }

  /** Tries to record what is kept; `true` when nothing is left. Never rejects. */
  retry(): Promise<boolean> {
    return this.#next(async () => {
      try {
        for (let change = this.#kept[0]; change !== undefined; change = this.#kept[0]) {
          await change().catch((error) => {
            if (!isHopeless(error)) throw error;
          });
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

  /** Everything runs in the order of the calls: no later change overtakes one that is kept. */
  #next<Result>(run: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(run);
    this.#last = done;
    return done;
  }
}

/** Whether a change fails however often it is tried: whatever is the record's own trouble is a `StoreError`. */
function isHopeless(error: unknown): boolean {
  if (error instanceof StoreError) return false;
  log.error("cannot write a change to the trading database; the change is dropped", { error });
  return true;
}
