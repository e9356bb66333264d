/** How many requests a client may make. The engines are in `state/shared/`. */

import type { Awaitable } from "../timing/awaitable.ts";

/** Whether a request is admitted, and if not, when the next one will be. */
export type Admission = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number };

/**
 * A token bucket per key, whose capacity is the limit per minute.
 *
 * An engine answers at once when it can. No answer is ever an error: an engine that cannot reach the others decides by
 * what it knows.
 */
export interface RateLimit {
  /** The present limit of a key per minute. */
  readonly perMinute: (key: string) => number;
  /** Takes one request. */
  take(key: string): Awaitable<Admission>;
  /** The used share of a key's limit, from 0 to 1, as far as this process knows. */
  use(key: string): number;
  /** Keys that have used more than `share` of their limit, as far as this process knows. */
  keysAbove(share: number): string[];
}

/** The settings that a limit is derived from. */
export interface RateLimitOptions {
  /** Both the capacity and the refill per minute of a key. */
  readonly perMinute: (key: string) => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}
