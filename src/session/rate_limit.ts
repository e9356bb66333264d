/** How many requests a client may make: one token bucket per key, kept while it is not full, whoever connects with it. */

/** Whether a request may go, and if not, when the next one may. */
export type Admission = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number };

/** Keys that are remembered; a key is forgotten only when its bucket is full again, or when nothing else helps. */
const MAX_KEYS = 10_000;

const MINUTE_MS = 60_000;

/** Sums of fractions are a little off; a token that lacks less than this is whole. */
const ROUNDING = 1e-9;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Token buckets of one size. */
export class RateLimit {
  readonly #perMinute: (key: string) => number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `perMinute` is both the size of a key's bucket and what flows into it in a minute; `now` is monotonic milliseconds. */
  constructor(options: { perMinute: (key: string) => number; now: () => number }) {
    this.#perMinute = options.perMinute;
    this.#now = options.now;
  }

  /** Takes one token. */
  take(key: string): Admission {
    const bucket = this.#refilled(key);
    if (bucket.tokens >= 1 - ROUNDING) {
      bucket.tokens--;
      return { ok: true };
    }
    return { ok: false, retryAfterMs: Math.ceil((1 - ROUNDING - bucket.tokens) * MINUTE_MS / this.#perMinute(key)) };
  }

  /** The share of the bucket that is used up, from 0 to 1. */
  use(key: string): number {
    return this.#buckets.has(key) ? 1 - this.#refilled(key).tokens / this.#perMinute(key) : 0;
  }

  /** Keys that have used more than `share` of their bucket. */
  keysAbove(share: number): string[] {
    return [...this.#buckets.keys()].filter((key) => this.use(key) > share);
  }

  #refilled(key: string): Bucket {
    const atMs = this.#now();
    const perMinute = this.#perMinute(key);
    const bucket = this.#buckets.get(key) ?? this.#add(key, { tokens: perMinute, atMs });
    bucket.tokens = Math.min(perMinute, bucket.tokens + (atMs - bucket.atMs) * perMinute / MINUTE_MS);
    bucket.atMs = atMs;
    return bucket;
  }

  #add(key: string, bucket: Bucket): Bucket {
    if (this.#buckets.size >= MAX_KEYS) this.#forget(bucket.atMs);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  /** Forgets what is full again; failing that the oldest key, so that memory stays bounded. */
  #forget(atMs: number): void {
    for (const [key, { tokens, atMs: since }] of this.#buckets) {
      const perMinute = this.#perMinute(key);
      if (tokens + (atMs - since) * perMinute / MINUTE_MS >= perMinute) this.#buckets.delete(key);
    }
    if (this.#buckets.size < MAX_KEYS) return;
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
