/**
 * Why a read cost no call: it waited for the same answer as another one, an answer was still fresh, or a stream told it.
 */
export type Saving = "coalesced" | "cache" | "stream";

/** Counts reads that were answered without a call to the exchange. */
export class SavedCalls {
  readonly #counts: Record<Saving, number> = { coalesced: 0, cache: 0, stream: 0 };

  /** The counts since it was made. */
  get all(): Readonly<Record<Saving, number>> {
    return { ...this.#counts };
  }

  add(saving: Saving, count = 1): void {
    this.#counts[saving] += count;
  }
}
