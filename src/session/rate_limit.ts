/** How many requests a client may make: one token bucket per key, kept while it is not full, whoever connects with it. */

import { TokenBucket } from "../timing/token_bucket.ts";
import type { BucketRate } from "../timing/token_bucket.ts";

/** Whether a request may go, and if not, when the next one may. */
export type Admission = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number };

/** Keys that are remembered; a key is forgotten only when its bucket is full again, or when nothing else helps. */
const MAX_KEYS = 10_000;

const MINUTE_MS = 60_000;

/** Token buckets of one size. */
export class RateLimit {
  /** What flows into a key's bucket in a minute, as it is now. */
  readonly perMinute: (key: string) => number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, TokenBucket>();

  /** `perMinute` is both the size of a key's bucket and what flows into it in a minute; `now` is monotonic milliseconds. */
  constructor(options: { perMinute: (key: string) => number; now: () => number }) {
    this.perMinute = options.perMinute;
    this.#now = options.now;
  }

  /** Takes one token. */
  take(key: string): Admission {
    const [rate, atMs] = [this.#rateOf(key), this.#now()];
    const bucket = this.#buckets.get(key) ?? this.#add(key, { rate, atMs });
    const waitMs = bucket.take(1, { rate, atMs });
    return waitMs === 0 ? { ok: true } : { ok: false, retryAfterMs: Math.ceil(waitMs) };
  }

  /** The share of the bucket that is used up, from 0 to 1. */
  use(key: string): number {
    const rate = this.#rateOf(key);
    return 1 - (this.#buckets.get(key)?.tokens(rate, this.#now()) ?? rate.size) / rate.size;
  }

  /** Keys that have used more than `share` of their bucket. */
  keysAbove(share: number): string[] {
    return [...this.#buckets.keys()].filter((key) => this.use(key) > share);
  }

  #rateOf(key: string): BucketRate {
    const size = this.perMinute(key);
    return { size, perMs: size / MINUTE_MS };
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
