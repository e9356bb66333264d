/** Sums of fractions have rounding errors; a token that lacks less than this counts as whole. */
const ROUNDING = 1e-9;

/** The capacity of a bucket and its rate of refill. */
export interface BucketRate {
  /** Tokens in a full bucket. */
  readonly size: number;
  readonly perMs: number;
}

/** A token bucket, initially full unless told otherwise; capacity and rate may change while it is in use. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  /** `atMs` is monotonic milliseconds, here and below; `tokens` is the initial content. */
  constructor({ size }: BucketRate, atMs: number, tokens: number = size) {
    this.#tokens = tokens;
    this.#atMs = atMs;
  }

  /** Takes `count` tokens and returns 0; or takes none and returns after how many milliseconds there will be enough. */
  take(count: number, { rate, atMs }: { rate: BucketRate; atMs: number }): number {
    const tokens = this.tokens(rate, atMs);
    this.#atMs = Math.max(this.#atMs, atMs);
    this.#tokens = tokens;
    // A bucket never holds more than its capacity, so a more expensive request costs all of it.
    const missing = Math.min(count, rate.size) - ROUNDING - tokens;
    if (missing > 0) return missing / rate.perMs;
    this.#tokens = Math.max(0, tokens - count);
    return 0;
  }

  /** The tokens in the bucket now. */
  tokens({ size, perMs }: BucketRate, atMs: number): number {
    return Math.min(size, this.#tokens + Math.max(0, atMs - this.#atMs) * perMs);
  }
}
