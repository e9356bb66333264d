/** Sums of fractions are a little off; a token that lacks less than this is whole. */
const ROUNDING = 1e-9;

/** How large a bucket is and how fast it fills. */
export interface BucketRate {
  /** Tokens that it holds when it is full. */
  readonly size: number;
  readonly perMs: number;
}

/** A token bucket, full at first unless told; what it holds and how it fills may change while it is in use. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;

  /** `atMs` is monotonic milliseconds, here and below; `tokens` is what it holds at first. */
  constructor({ size }: BucketRate, atMs: number, tokens: number = size) {
    this.#tokens = tokens;
    this.#atMs = atMs;
  }

  /** Takes `count` tokens and answers 0; or takes none and answers after how many milliseconds there are as many. */
  take(count: number, { rate, atMs }: { rate: BucketRate; atMs: number }): number {
    const tokens = this.tokens(rate, atMs);
    this.#atMs = Math.max(this.#atMs, atMs);
    this.#tokens = tokens;
    // Nothing ever holds more than a full bucket, so that is what the dearest thing costs.
    const missing = Math.min(count, rate.size) - ROUNDING - tokens;
    if (missing > 0) return missing / rate.perMs;
    this.#tokens = Math.max(0, tokens - count);
    return 0;
  }

  /** What it holds. */
  tokens({ size, perMs }: BucketRate, atMs: number): number {
    return Math.min(size, this.#tokens + Math.max(0, atMs - this.#atMs) * perMs);
  }
}
