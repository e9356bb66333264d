/** When a read is repeated. */

import { pauseAfter, type PauseBounds } from "../timing/backoff.ts";
import { ExchangeError, type ExchangeErrorCode } from "./errors.ts";

const TRANSIENT: ReadonlySet<ExchangeErrorCode> = new Set([
  "ERR_RATE_LIMITED",
  "ERR_UNAVAILABLE",
  "ERR_TIMEOUT",
  "ERR_NETWORK",
  // Retryable for truncated or empty answers and those of a proxy; not for answers of another shape.
  "ERR_ANSWER_INVALID",
]);

const PAUSES: PauseBounds = { firstMs: 300, longestMs: 5_000 };

/** Tells whether the failure of one attempt may be over by the next. */
export function isTransient(error: unknown): error is ExchangeError {
  return error instanceof ExchangeError && error.retryable && TRANSIENT.has(error.code);
}

/** The pause after attempt 1, 2, 3, …, in milliseconds: with full jitter, and never less than the exchange asked for. */
export function pauseMs(attempt: number, random: () => number, retryAfterMs = 0): number {
  return Math.max(retryAfterMs, pauseAfter(attempt, { ...PAUSES, random }));
}

/** `Retry-After` in milliseconds: seconds, or a date, which is relative to the answer's own `Date`. */
export function parseRetryAfter(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (value === undefined || value === "") return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const wait = Date.parse(value) - Date.parse(headers.get("date") ?? "");
  return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
}
