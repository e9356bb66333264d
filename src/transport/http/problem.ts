/** Errors as RFC 9457 problem details: what REST callers are told, and with which status. */

import type { ExchangeErrorCode } from "../../exchange/errors.ts";
import type { ToolError } from "../../protocol/tool_error.ts";

/** A problem before it is a response. */
export interface Problem extends ToolError {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The status of each error of a tool. What is wrong with the server's own access to the exchange is 424 (Failed
 * Dependency): 401 and 403 would send the caller to look at its own credentials, 502 and 503 would make clients repeat
 * what only the operator can mend.
 */
const STATUS: Readonly<
  Record<ExchangeErrorCode | "ERR_INVALID_ARGUMENT" | "ERR_SCOPE_MISSING" | "ERR_INTERNAL", number>
> = {
  ERR_INVALID_ARGUMENT: 400,
  ERR_ARGUMENT_REFUSED: 400,
  ERR_PAIR_UNKNOWN: 400,
  ERR_CURRENCY_UNKNOWN: 400,
  ERR_SCOPE_MISSING: 403,
  ERR_NOT_FOUND: 404,
  ERR_MARKET_CLOSED: 409,
  ERR_INSUFFICIENT_FUNDS: 409,
  ERR_DUPLICATE: 409,
  ERR_ORDER_REFUSED: 409,
  ERR_CREDENTIALS_MISSING: 424,
  ERR_CREDENTIALS_REFUSED: 424,
  ERR_PERMISSION_MISSING: 424,
  ERR_FORBIDDEN: 424,
  ERR_ACCOUNT_POLICY: 424,
  ERR_RATE_LIMITED: 429,
  ERR_BUDGET_EXHAUSTED: 429,
  ERR_INTERNAL: 500,
  ERR_NETWORK: 502,
  ERR_ANSWER_INVALID: 502,
  ERR_ANSWER_TOO_LARGE: 502,
  ERR_EXCHANGE: 502,
  ERR_UNAVAILABLE: 503,
  ERR_CANCELLED: 503,
  ERR_TIMEOUT: 504,
};

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  424: "Failed Dependency",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Refusals of trading by the beginning or the whole of their codes: the order itself, what is allowed, used up, not ready, in conflict. */
const TRADING_STATUS: readonly (readonly [codes: RegExp, status: number])[] = [
  [/^ERR_(ORDER_INVALID$|AMOUNT_|FIELD_|BOOK_NEEDED$|MARKET_POST_ONLY$)/, 400],
  [/^ERR_(POLICY_|TRADING_OFF$|CONFIRMATION_(REQUIRED|DECLINED|IMPOSSIBLE)$)/, 403],
  [/^ERR_(LIMIT_|COOLING_OFF$|CONFIRMATIONS_FULL$|TOO_MANY_REQUESTS$)/, 429],
  [/^ERR_(RECORD_FAILED|RECOVERING|STOPPED|CLOCK_UNKNOWN|CLOCK_SKEW|PAPER_NOT_STARTED|TAKEN_OVER|TOO_LATE)$/, 503],
  [/^ERR_(NEVER_SENT|INTERRUPTED)$/, 503],
  [
    /^ERR_(TRADING_HALTED|PREVIEW_|IDEMPOTENCY_|CONFIRMATION_(UNKNOWN|USED|EXPIRED)|LIQUIDITY|SELF_CROSSING|ORDER_NOT_REPLACEABLE|REPLACED_ALREADY|VENUE_ENDED|UNDER_WAY|NOT_FINAL)/,
    409,
  ],
  [/^ERR_(OUTCOME_UNKNOWN|STATUS_UNKNOWN)$/, 502],
];

/** The status of a tool's error; 500 for a code that is not known, which a test forbids. */
export function statusOf({ code }: Pick<ToolError, "code">): number {
  const known = Object.entries(STATUS).find(([each]) => each === code)?.[1];
  return known ?? TRADING_STATUS.find(([codes]) => codes.test(code))?.[1] ?? 500;
}

/** Makes the response; `retry_after_ms` becomes Retry-After as well, in whole seconds. */
export function problemResponse({ status, headers = {}, message, ...rest }: Problem): Response {
  const retryAfter = rest.retry_after_ms === undefined
    ? {}
    : { "retry-after": String(Math.ceil(rest.retry_after_ms / 1_000)) };
  const problem = { type: "about:blank", title: TITLES[status] ?? "Error", status, detail: message, ...rest };
  return new Response(JSON.stringify(problem), {
    status,
    headers: { "content-type": "application/problem+json", ...retryAfter, ...headers },
  });
}
