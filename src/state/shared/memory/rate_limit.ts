/** Limits of one process: one token bucket per key, kept while it is not full, whoever connects with it. */

import type { Admission, RateLimit, RateLimitOptions } from "../../../session/rate_limit.ts";
import { TokenBucket } from "../../../timing/token_bucket.ts";
import type { BucketRate } from "../../../timing/token_bucket.ts";

/** Keys that are remembered; a key is forgotten only when its bucket is full again, or when nothing else helps. */
const MAX_KEYS = 10_000;

const MINUTE_MS = 60_000;

/** What limits of one process follow from. */
export interface MemoryRateLimitOptions extends RateLimitOptions {
  /** How many a key may make at once. @default as many as in a minute */
  readonly burst?: (key: string) => number;
}

/** Token buckets, each of the size that its key has now; every answer is there at once. */
export class MemoryRateLimit implements RateLimit {
  readonly perMinute: (key: string) => number;
  readonly #burst: (key: string) => number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor({ perMinute, burst = perMinute, now }: MemoryRateLimitOptions) {
    this.perMinute = perMinute;
    this.#burst = burst;
    this.#now = now;
  }

  take(key: string): Admission {
    const [rate, atMs] = [this.#rateOf(key), this.#now()];
    const bucket = this.#buckets.get(key) ?? this.#add(key, { rate, atMs });
    const waitMs = bucket.take(1, { rate, atMs });
    return waitMs === 0 ? { ok: true } : { ok: false, retryAfterMs: Math.ceil(waitMs) };
  }

  use(key: string): number {
    const rate = this.#rateOf(key);
    return 1 - (this.#buckets.get(key)?.tokens(rate, this.#now()) ?? rate.size) / rate.size;
  }

  keysAbove(share: number): string[] {
    return [...this.#buckets.keys()].filter((key) => this.use(key) > share);
  }

  #rateOf(key: string): BucketRate {
    return { size: this.#burst(key), perMs: this.perMinute(key) / MINUTE_MS };
  }

  #add(key: string, { rate, atMs }: { rate: BucketRate; atMs: number }): TokenBucket {
    if (this.#buckets.size >= MAX_KEYS) this.#forget(atMs);
    const bucket = new TokenBucket(rate, atMs);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Forgets what is full again; failing that the oldest key, so that memory stays bounded. */
  #forget(atMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      const rate = this.#rateOf(key);
      if (bucket.tokens(rate, atMs) >= rate.size) this.#buckets.delete(key);
    }
    if (this.#buckets.size < MAX_KEYS) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
