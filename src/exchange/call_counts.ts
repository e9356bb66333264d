/** Counts a client's requests to the exchange, by group and outcome. */

import type { Priority } from "./endpoint.ts";
import { ExchangeError } from "./errors.ts";
import type { ExchangeErrorCode } from "./errors.ts";

/** The outcome of a request; each of the exchange's error codes maps to one of these. */
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

/** The number of requests of one group with one outcome. */
export interface CallCount {
  /** The group of the endpoint. */
  readonly group: Priority;
  readonly outcome: CallOutcome;
  readonly count: number;
}

/** Codes that are not listed are refusals: the exchange understood the request and declined it. */
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

  /** Counts a request by its error; as `ok` without one. */
  add(group: Priority, error?: unknown): void {
    const outcome = error === undefined ? "ok" : outcomeOf(error);
    const key = `${group} ${outcome}`;
    this.#counts.set(key, { group, outcome, count: (this.#counts.get(key)?.count ?? 0) + 1 });
  }
}

function outcomeOf(error: unknown): CallOutcome {
  return error instanceof ExchangeError ? OUTCOMES[error.code] ?? "refused" : "internal";
}
