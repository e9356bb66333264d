/** Reads that many share: equal ones that are on their way are one, and an answer is passed on as long as it is fresh. */

import { SharedWork } from "../timing/shared_work.ts";
import { BoundedMap } from "./bounded_map.ts";
import type { Reading } from "./reading.ts";
import type { SavedCalls } from "./saved_calls.ts";

/** How a read is made and shared. */
export interface ReadPlan<Answer> {
  /** Equal reads have equal keys. */
  readonly key: string;
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  /** How long the answer is passed on, from its arrival; 0 shares it only with those who wait for it already. */
  readonly freshMs: number;
  readonly signal: AbortSignal | undefined;
  /** What a caller gets who gives up. */
  readonly cancelled: () => Error;
}

/** Settings of a {@linkcode ReadTable}. */
export interface ReadTableOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly maxBytes: number;
  /** Where reads are counted that asked for nothing. */
  readonly saved: Pick<SavedCalls, "add">;
}

/** Reads on their way, and their answers within bounds. */
export class ReadTable {
  readonly #now: () => number;
  readonly #saved: Pick<SavedCalls, "add">;
  readonly #asking = new Map<string, SharedWork<Reading>>();
  readonly #kept: BoundedMap<string, Reading>;

  constructor({ now, maxBytes, saved }: ReadTableOptions) {
    this.#now = now;
    this.#saved = saved;
    this.#kept = new BoundedMap(maxBytes);
  }

  /** The answer that is there, or the one to come. A failure goes to those who wait for it and is not kept. */
  async read<Answer>(plan: ReadPlan<Answer>): Promise<Reading<Answer>> {
    const kept = this.#kept.get(plan.key);
    if (kept !== undefined && this.#now() < kept.staleAtMs) {
      this.#saved.add("cache");
      return kept as Reading<Answer>;
    }
    const asking = this.#asking.get(plan.key);
    const isShared = asking !== undefined && !asking.isAbandoned;
    if (isShared) this.#saved.add("coalesced");
    const work = isShared ? asking : this.#ask(plan);
    return await work.join(plan.signal, plan.cancelled) as Reading<Answer>;
  }

  /** Forgets all answers, and has nobody join what is on its way; who waits for that is served. */
  clear(): void {
    this.#kept.clear();
    this.#asking.clear();
  }

  #ask<Answer>({ key, ask, freshMs }: ReadPlan<Answer>): SharedWork<Reading> {
    const work = new SharedWork(async (signal) => {
      try {
        const answer = await ask(signal);
        const asOfMs = this.#now();
        const reading: Reading = { answer, source: "exchange", asOfMs, staleAtMs: asOfMs + freshMs };
        if (this.#asking.get(key) === work && freshMs > 0) {
          this.#kept.dropWhile(({ staleAtMs }) => asOfMs >= staleAtMs);
          this.#kept.set(key, reading, key.length + JSON.stringify(answer).length);
        }
        return reading;
      } finally {
        if (this.#asking.get(key) === work) this.#asking.delete(key);
      }
    });
    this.#asking.set(key, work);
    return work;
  }
}
