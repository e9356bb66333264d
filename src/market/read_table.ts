/** Shares reads between callers: equal reads in progress become one, and an answer is reused while it is fresh. */

import { SharedWork } from "../timing/shared_work.ts";
import { BoundedMap } from "./bounded_map.ts";
import type { Reading } from "./reading.ts";
import type { SavedCalls } from "./saved_calls.ts";

/** How a read is made and shared. */
export interface ReadPlan<Answer> {
  /** Equal reads have equal keys. */
  readonly key: string;
  readonly ask: (signal: AbortSignal) => Promise<Answer>;
  /** How long the answer is reused, from its arrival; with 0 only callers that already wait share it. */
  readonly freshMs: number;
  readonly signal: AbortSignal | undefined;
  /** The error for a caller that gives up. */
  readonly cancelled: () => Error;
}

/** Settings of a {@linkcode ReadTable}. */
export interface ReadTableOptions {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly maxBytes: number;
  /** Counts reads that needed no request. */
  readonly saved: Pick<SavedCalls, "add">;
}

/** Reads in progress, and a bounded number of answers. */
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

  /** The present answer, or the one in progress. A failure goes to all who wait and is not kept. */
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

  /** Forgets all answers, and lets nobody join reads in progress; those who already wait are served. */
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
