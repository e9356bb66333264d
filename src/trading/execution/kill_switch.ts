/**
 * The halt as this process sees it: the halts in the record, and those that the record does not contain yet. A halt
 * takes effect here at once, even when the record cannot be written; it is recorded as soon as possible, and stops all
 * other processes then.
 */

import type { Redact } from "../../secrets/redaction.ts";
import type { Halt } from "../policy/halt.ts";
import type { Halts, HaltState, NotedFile, Pull } from "../record/halts.ts";
import type { Placement } from "../record/recorded_placement.ts";

/** Beyond this number, halts only add their cancellations to the last one. */
const MAX_PENDING = 100;

/** Parts of a {@linkcode KillSwitch}. */
export interface KillSwitchParts {
  readonly halts: Pick<Halts, "state" | "pull" | "noteFile">;
  /**
   * Redacts secrets in reasons.
   *
   * @default none
   */
  readonly redact?: Redact;
}

/** A halt that is not recorded yet. */
interface PendingHalt {
  pull: Pull;
}

/** Stops new orders: of this process at once, of all others once it is recorded. */
export class KillSwitch {
  readonly #halts: KillSwitchParts["halts"];
  readonly #redact: Redact;
  /** Halts that are not recorded yet, oldest first; the last one may still be extended. */
  #pending: PendingHalt[] = [];
  /** Halts that are being recorded. */
  #writing = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ halts, redact = (text) => text }: KillSwitchParts) {
    this.#halts = halts;
    this.#redact = redact;
  }

  /** The halt that is not recorded yet; read without waiting. */
  get pending(): HaltState & Halt {
    const [first] = this.#pending;
    if (first === undefined) return { halted: false };
    const { by, reason, now: at } = first.pull;
    return { halted: true, at, by, reason, source: "switch" };
  }

  /**
   * The present state.
   *
   * @throws {StoreError}
   */
  async state(): Promise<HaltState> {
    const { pending } = this;
    return pending.halted ? pending : await this.#halts.state();
  }

  /**
   * Halts trading. Returns the orders of all venues that had been sent before and whose outcome is unknown, oldest
   * first.
   *
   * @throws {StoreError} when only this process is halted, until {@linkcode KillSwitch.retry} has recorded it
   */
  async pull(pull: Pull): Promise<readonly Placement[]> {
    const halt = this.#keep({ ...pull, reason: this.#redact(pull.reason) });
    this.#writing++;
    try {
      return await this.#write(halt);
    } finally {
      this.#writing--;
    }
  }

  /**
   * Records halts that could not be recorded before.
   *
   * @throws {StoreError}
   */
  async retry(): Promise<void> {
    const last = this.#pending.at(-1);
    if (last !== undefined && this.#writing === 0) await this.#write(last);
  }

  /**
   * Records that the file has appeared or is gone; `undefined` when that is already recorded.
   *
   * @throws {StoreError}
   */
  noteFile(now: number): Promise<NotedFile | undefined> {
    return this.#halts.noteFile(now);
  }

  #keep(pull: Pull): PendingHalt {
    const last = this.#pending.at(-1);
    if (last === undefined || this.#pending.length < MAX_PENDING) {
      const kept = { pull };
      this.#pending.push(kept);
      return kept;
    }
    const cancelOpen = [...new Set([...last.pull.cancelOpen ?? [], ...pull.cancelOpen ?? []])];
    last.pull = { ...last.pull, cancelOpen };
    return last;
  }

  /** Records all pending halts up to this one, in order. */
  #write(through: PendingHalt): Promise<readonly Placement[]> {
    const written = this.#last.then(async () => {
      let onTheirWay: readonly Placement[] = [];
      while (this.#pending.includes(through)) {
        const [first = through] = this.#pending;
        const { pull } = first;
        onTheirWay = await this.#halts.pull(pull);
        // What was added to it meanwhile is still to be recorded.
        if (first.pull === pull) this.#pending = this.#pending.filter((each) => each !== first);
      }
      return onTheirWay;
    });
    this.#last = written.catch(() => {});
    return written;
  }
}
