/** How many requests a client may make. Engines stand in `state/shared/`. */

import type { Awaitable } from "../timing/awaitable.ts";

/** Whether a request may go, and if not, when the next one may. */
export type Admission = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number };

/**
 * A limit for each key: as many at once as in a minute, and no more than flows in afterwards.
 *
 * What an engine knows already it answers at once. No answer is ever an error: an engine that cannot ask others goes by
 * what it knows.
 */
export interface RateLimit {
  /** What a key may make in a minute, as it is now. */
  readonly perMinute: (key: string) => number;
  /** Takes one. */
  take(key: string): Awaitable<Admission>;
  /** The share of its limit that a key has used up, from 0 to 1, as far as this process knows. */
  use(key: string): number;
  /** Keys that have used more than `share` of their limit, as far as this process knows. */
  keysAbove(share: number): string[];
}

/** What a limit follows from. */
export interface RateLimitOptions {
  /** Both how many a key may make at once and how many flow in within a minute. */
  readonly perMinute: (key: string) => number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}
