/** When a read is asked again. */

import { ExchangeError, type ExchangeErrorCode } from "./errors.ts";

const TRANSIENT: ReadonlySet<ExchangeErrorCode> = new Set([
  "ERR_RATE_LIMITED",
  "ERR_UNAVAILABLE",
  "ERR_TIMEOUT",
  "ERR_NETWORK",
  // Of answers that were cut off, empty or from another hand; those of another shape are not retryable.
  "ERR_ANSWER_INVALID",
]);

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5_000;

/** Tells whether the failure of one attempt may be over by the next. */
export function isTransient(error: unknown): error is ExchangeError {
  return error instanceof ExchangeError && error.retryable && TRANSIENT.has(error.code);
}

/**
 * The pause before attempt `attempt + 1`: exponential with full jitter, up to 300, 600, 1200 … 5000 ms, and never less
 * than the exchange asked for.
 *
 * @param random from 0 to 1
 */
export function pauseMs(attempt: number, random: number, retryAfterMs = 0): number {
  const jittered = random * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
  return Math.max(retryAfterMs, jittered);
}

/** `Retry-After` in milliseconds: seconds, or a date, which is measured against the answer's own `Date`. */
export function parseRetryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined || value === "") return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const wait = Date.parse(value) - Date.parse(headers.get("date") ?? "");
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
