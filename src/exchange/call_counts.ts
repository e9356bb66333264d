/** Counts the requests of one client to the exchange, by what they are for and how they ended. */

import type { Priority } from "./endpoint.ts";
import { ExchangeError } from "./errors.ts";
import type { ExchangeErrorCode } from "./errors.ts";

/** How a request ended: each of the exchange's error codes counts as one of these. */
export type CallOutcome =
  | "ok"
  | "refused"
  | "rate_limited"
  | "unavailable"
  | "timeout"
  | "network"
  | "invalid_answer"
  | "cancelled"
  | "not_sent"
  | "internal";

/** So many requests of one group ended in one way. */
export interface CallCount {
  /** What the endpoint is for. */
  readonly group: Priority;
  readonly outcome: CallOutcome;
  readonly count: number;
}

/** What is not here is a refusal: the exchange has understood the request and does not do it. */
const OUTCOMES: { readonly [Code in ExchangeErrorCode]?: CallOutcome } = {
  ERR_RATE_LIMITED: "rate_limited",
  ERR_UNAVAILABLE: "unavailable",
  ERR_TIMEOUT: "timeout",
  ERR_NETWORK: "network",
  ERR_ANSWER_INVALID: "invalid_answer",
  ERR_ANSWER_TOO_LARGE: "invalid_answer",
  ERR_CANCELLED: "cancelled",
  ERR_BUDGET_EXHAUSTED: "not_sent",
  ERR_CREDENTIALS_MISSING: "not_sent",
};

/** The counts since the client was made. */
export class CallCounts {
  readonly #counts = new Map<string, CallCount>();

  get all(): readonly CallCount[] {
    return [...this.#counts.values()];
  }

  /** Counts a request by its error, or as `ok` without one. */
  add(group: Priority, error?: unknown): void {
    const outcome = error === undefined ? "ok" : outcomeOf(error);
    const key = `${group} ${outcome}`;
    this.#counts.set(key, { group, outcome, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }
}

function outcomeOf(error: unknown): CallOutcome {
  return error instanceof ExchangeError ? OUTCOMES[error.code] ?? "refused" : "internal";
}
