import { TokenBucket } from "../token_bucket.ts";

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
