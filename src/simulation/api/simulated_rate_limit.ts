import { type BucketRate, TokenBucket } from "../../timing/token_bucket.ts";

/** One bucket per caller; there are no more callers than keys, plus those without a key. */
export class RateLimit {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #rate: BucketRate;
  readonly #shared: boolean;

  /** @param perMinute calls per minute and caller; 0 disables the limit */
  constructor({ perMinute, scope }: { readonly perMinute: number; readonly scope: "key" | "all" }) {
    this.#rate = { size: perMinute, perMs: perMinute / 60_000 };
    this.#shared = scope === "all";
  }

  /** Whether a caller may call now; `caller` is a key id, or empty for callers without a key. */
  admits(caller: string, nowMs: number): boolean {
    const rate = this.#rate;
    if (rate.size === 0) return true;
    const name = this.#shared ? "" : caller;
    const bucket = this.#buckets.get(name) ?? new TokenBucket(rate, nowMs);
    this.#buckets.set(name, bucket);
    return bucket.take(1, { rate, atMs: nowMs }) === 0;
  }
}
