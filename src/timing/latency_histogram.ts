/** Percentiles of durations in bounded memory. */

/** The ratio of the widths of neighbouring buckets, so that a percentile is at most one per cent too high. */
const GROWTH = 1.01;
const LN_GROWTH = Math.log(GROWTH);

/** Upper bound of the first bucket, in milliseconds. */
const FIRST_MS = 0.01;

/** Buckets up to about ten minutes; longer durations share the last one. */
const BUCKETS = 1_810;

/** A histogram with logarithmic buckets: 15 KiB for any number of durations. */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #max = 0;

  /** The number of recorded durations. */
  get count(): number {
    return this.#count;
  }

  /** The longest duration in milliseconds, exact; 0 when there is none. */
  get max(): number {
    return this.#max;
  }

  /** Records a duration in milliseconds. */
  record(durationMs: number): void {
    const index = durationMs <= FIRST_MS ? 0 : Math.ceil(Math.log(durationMs / FIRST_MS) / LN_GROWTH);
    const bucket = Math.min(index, BUCKETS - 1);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    this.#max = Math.max(this.#max, durationMs);
  }

  /**
   * The duration in milliseconds that this share (such as 0.99) of all durations does not exceed; `undefined` when
   * there is none.
   */
  percentile(share: number): number | undefined {
    if (this.#count === 0) return undefined;
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    const bucket = this.#counts.findIndex((count) => (seen += count) >= rank);
    const isLast = bucket === BUCKETS - 1;
    return isLast ? this.#max : Math.min(FIRST_MS * GROWTH ** bucket, this.#max);
  }
}
