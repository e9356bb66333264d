/**
 * The kill switch of this process: the record's halts, and those that the record does not hold yet. A halt counts here at
 * once, also while the record cannot be written; it is written as soon as it can be, and halts all others then.
 */

import type { Redact } from "../../secrets/redaction.ts";
import type { Halt } from "../policy/halt.ts";
import type { Halts, HaltState, NotedFile, Pull } from "../record/halts.ts";
import type { Placement } from "../record/recorded_placement.ts";

/** Halts beyond these add what they want cancelled to the last one. */
const MAX_PENDING = 100;

/** What a {@linkcode KillSwitch} stands on. */
export interface KillSwitchParts {
  readonly halts: Pick<Halts, "state" | "pull" | "noteFile">;
  /** Hides secrets in reasons. @default nothing is hidden */
  readonly redact?: Redact;
}

/** A halt that is to be written. */
interface PendingHalt {
  pull: Pull;
}

/** Stops new orders: of this process at once, of all others once the record holds it. */
export class KillSwitch {
  readonly #halts: KillSwitchParts["halts"];
  readonly #redact: Redact;
  /** Halts that the record does not hold yet, oldest first; the last one may be added to. */
  #pending: PendingHalt[] = [];
  /** Pulls that are being written. */
  #writing = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ halts, redact = (text) => text }: KillSwitchParts) {
    this.#halts = halts;
    this.#redact = redact;
  }

  /** The halt that the record does not hold yet. Waits for nothing. */
  get pending(): HaltState & Halt {
    const [first] = this.#pending;
    if (first === undefined) return { halted: false };
    const { by, reason, now: at } = first.pull;
    return { halted: true, at, by, reason, source: "switch" };
  }

  /** How it stands now. @throws {StoreError} */
  async state(): Promise<HaltState> {
    const { pending } = this;
    return pending.halted ? pending : await this.#halts.state();
  }

  /**
   * Halts. Answers which orders had left before, of all venues: those whose outcome is not known, oldest first.
   *
   * @throws {StoreError} it halts this process alone, until {@linkcode KillSwitch.retry} has written it
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

  /** Writes halts that could not be written. @throws {StoreError} */
  async retry(): Promise<void> {
    const last = this.#pending.at(-1);
    if (last !== undefined && this.#writing === 0) await this.#write(last);
  }

  /** Writes that the file has appeared or is gone; `undefined` where that is known. @throws {StoreError} */
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

  /** Writes everything that is pending up to this halt, one after the other. */
  #write(through: PendingHalt): Promise<readonly Placement[]> {
    const written = this.#last.then(async () => {
      let onTheirWay: readonly Placement[] = [];
      while (this.#pending.includes(through)) {
        const [first = through] = this.#pending;
        const { pull } = first;
        onTheirWay = await this.#halts.pull(pull);
        // What was added to it meanwhile is yet to be written.
        if (first.pull === pull) this.#pending = this.#pending.filter((each) => each !== first);
      }
      return onTheirWay;
    });
    this.#last = written.catch(() => {});
    return written;
  }
}
