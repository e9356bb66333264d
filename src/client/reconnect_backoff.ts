/** How long to wait before connecting again. */

import { pauseAfter } from "../timing/backoff.ts";

/** Bounds of the pauses, and the chance in them. */
export interface BackoffOptions {
  /** From 0 up to, but not including, 1. */
  random(): number;
  /** Upper bound of the first pause. @default 500 */
  readonly firstMs?: number;
  /** No pause is longer, what a server asked for aside. @default 30_000 */
  readonly longestMs?: number;
}

/** A server may ask for this long a pause and no longer. */
const LONGEST_ASKED_MS = 300_000;

/**
 * Pauses that grow exponentially, with full jitter: anything from nothing up to 500, 1000, 2000 … 30,000 ms, so that
 * many clients of one server do not come back together.
 */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #attempts = 0;

  constructor({ random, firstMs = 500, longestMs = 30_000 }: BackoffOptions) {
    this.#options = { random, firstMs, longestMs };
  }

  /** The pause before the next attempt, in milliseconds; on top of what the server asked for, at most five minutes. */
  next(retryAfterMs = 0): number {
    return Math.min(Math.max(retryAfterMs, 0), LONGEST_ASKED_MS) + pauseAfter(++this.#attempts, this.#options);
  }

  /** Starts over, once a connection has proved itself by an answer: one that only opens and closes has not. */
  reset(): void {
    this.#attempts = 0;
  }
}
