/** The rate limits of one process: one token bucket per key, kept while it is not full, across connections. */

import type { Admission, RateLimit, RateLimitOptions } from "../../../session/rate_limit.ts";
import { TokenBucket } from "../../../timing/token_bucket.ts";
import type { BucketRate } from "../../../timing/token_bucket.ts";

/** The most keys that are remembered; a key is forgotten when its bucket is full again, or to make room. */
const MAX_KEYS = 10_000;

const MINUTE_MS = 60_000;

const ADMITTED: Admission = { ok: true };

/** The settings of one process's limits. */
export interface MemoryRateLimitOptions extends RateLimitOptions {
  /**
   * The capacity of a key.
   *
   * @default the limit per minute
   */
  readonly burst?: (key: string) => number;
}

/** Token buckets with the present limits of their keys; every answer is synchronous. */
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
    const at = { rate: this.#rateOf(key), atMs: this.#now() };
    const bucket = this.#buckets.get(key) ?? this.#add(key, at);
    const waitMs = bucket.take(1, at);
    return waitMs === 0 ? ADMITTED : { ok: false, retryAfterMs: Math.ceil(waitMs) };
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

  /** Forgets full buckets, or else the oldest key, so that memory stays bounded. */
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
