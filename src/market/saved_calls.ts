/**
 * Why a read needed no call: it joined an equal one in progress, an answer was still fresh, or a stream had the data.
 */
export type Saving = "coalesced" | "cache" | "stream";

/** Counts reads that were answered without a call to the exchange. */
export class SavedCalls {
  readonly #counts: Record<Saving, number> = { coalesced: 0, cache: 0, stream: 0 };

  /** The counts since it was created. */
  get all(): Readonly<Record<Saving, number>> {
    return { ...this.#counts };
  }

  add(saving: Saving, count = 1): void {
    this.#counts[saving] += count;
  }
}
