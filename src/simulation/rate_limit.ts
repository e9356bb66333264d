/** Token buckets: the exchange's limit on calls, and its quota of receive addresses. */

/** A bucket that starts full and refills evenly. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #refillMs: number;
  #tokens: number;
  #filledAt = -Infinity;

  /** @param refillMs milliseconds until one token comes back */
  constructor({ capacity, refillMs }: { readonly capacity: number; readonly refillMs: number }) {
    this.#capacity = capacity;
    this.#refillMs = refillMs;
    this.#tokens = capacity;
  }

  /** Takes one token; answers whether there was one. */
  take(nowMs: number): boolean {
    this.#tokens = Math.min(this.#capacity, this.#tokens + Math.max(0, nowMs - this.#filledAt) / this.#refillMs);
    this.#filledAt = Math.max(this.#filledAt, nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** One bucket for each caller; there are no more callers than keys, plus those without a key. */
export class RateLimit {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #perMinute: number;
  readonly #shared: boolean;

  /** @param perMinute calls per minute and caller; 0 switches the limit off */
  constructor({ perMinute, scope }: { readonly perMinute: number; readonly scope: "key" | "all" }) {
    this.#perMinute = perMinute;
    this.#shared = scope === "all";
  }

  /** Whether a caller may call now; `caller` is a key id, or empty for the public. */
  admits(caller: string, nowMs: number): boolean {
    if (this.#perMinute === 0) return true;
    const name = this.#shared ? "" : caller;
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = new TokenBucket({ capacity: this.#perMinute, refillMs: 60_000 / this.#perMinute });
      this.#buckets.set(name, bucket);
    }
    return bucket.take(nowMs);
  }
}
