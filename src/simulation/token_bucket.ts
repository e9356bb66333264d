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
