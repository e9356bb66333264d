/** How long to wait before reconnecting. */

import { pauseAfter } from "../timing/backoff.ts";

/** Bounds of the pauses, and their randomness. */
export interface BackoffOptions {
  /** From 0 up to, but not including, 1. */
  random(): number;
  /** Upper bound of the first pause. @default 500 */
  readonly firstMs?: number;
  /**
   * The longest pause, unless the server requests a longer one.
   *
   * @default 30_000
   */
  readonly longestMs?: number;
}

/** The longest pause that a server may request. */
const LONGEST_ASKED_MS = 300_000;

/**
 * Pauses that grow exponentially, with full jitter: a random time up to 500, 1000, 2000 … 30,000 ms, so that many
 * clients of one server do not reconnect together.
 */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #attempts = 0;

  constructor({ random, firstMs = 500, longestMs = 30_000 }: BackoffOptions) {
    this.#options = { random, firstMs, longestMs };
  }

  /**
   * The pause before the next attempt, in milliseconds, added to the one that the server requested, at most five
   * minutes.
   */
  next(retryAfterMs = 0): number {
    return Math.min(Math.max(retryAfterMs, 0), LONGEST_ASKED_MS) + pauseAfter(++this.#attempts, this.#options);
  }

  /** Starts over, once a connection was useful: answered a request, not merely opened. */
  reset(): void {
    this.#attempts = 0;
  }
}
