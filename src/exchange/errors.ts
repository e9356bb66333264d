/** The one kind of error that the exchange client throws. */

/** What can go wrong, by stable code. */
export const EXCHANGE_ERRORS = {
  ERR_CREDENTIALS_MISSING: "The call needs an API key and none is configured; nothing was sent",
  ERR_CREDENTIALS_REFUSED: "The exchange does not accept the API key: wrong, revoked or not confirmed",
  ERR_PERMISSION_MISSING: "The API key is valid but lacks the permission that the call needs",
  ERR_FORBIDDEN: "The exchange or its edge refuses this client, without saying why",
  ERR_RATE_LIMITED: "The exchange refuses more calls for now; this one did nothing",
  ERR_BUDGET_EXHAUSTED: "Our own budget of calls has none left within the time a call waits; nothing was sent",
  ERR_UNAVAILABLE: "The exchange failed (5xx), or failed so often that calls are held back for a while",
  ERR_TIMEOUT: "No complete answer came within the deadline",
  ERR_NETWORK: "The connection could not be made or broke",
  ERR_ANSWER_INVALID: "The answer is not what the exchange documents: no JSON, cut off, of another shape, a redirect",
  ERR_ANSWER_TOO_LARGE: "The answer is larger than the cap",
  ERR_PAIR_UNKNOWN: "No market has this pair",
  ERR_CURRENCY_UNKNOWN: "No market trades this currency",
  ERR_MARKET_CLOSED: "The market does not exist, is closed, under maintenance or takes post-only orders only",
  ERR_NOT_FOUND: "No such order, account, move, address or route",
  ERR_INSUFFICIENT_FUNDS: "The account holds too little",
  ERR_DUPLICATE: "The idempotency key was used by an earlier request: fetch that one and compare",
  ERR_ORDER_REFUSED: "The order cannot be placed or cancelled in its or the market's present state",
  ERR_ARGUMENT_REFUSED: "A parameter is missing, malformed or out of bounds",
  ERR_ACCOUNT_POLICY: "The user or account may not do this: verification, country, limits",
  ERR_CANCELLED: "The call was cancelled, or the client was closed",
  ERR_EXCHANGE: "The exchange refused with a code or status that is not known here",
} as const;

/** A stable code of {@linkcode EXCHANGE_ERRORS}. */
export type ExchangeErrorCode = keyof typeof EXCHANGE_ERRORS;

/** What became of a write: `none`, nothing happened; `unknown`, it may have taken effect. Always `none` for a read. */
export type Outcome = "none" | "unknown";

/** What an {@linkcode ExchangeError} carries beside its message. */
export interface ExchangeErrorInfo {
  readonly code: ExchangeErrorCode;
  /**
   * Whether the same call may be repeated as it is.
   *
   * @default {false}
   */
  readonly retryable?: boolean;
  /** When to repeat it at the earliest, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  /** @default {"none"} */
  readonly outcome?: Outcome;
  /** Luno's own `error_code`, such as `ErrOrderNotFound`. */
  readonly lunoCode?: string | undefined;
  /** The HTTP status, when there was an answer. */
  readonly status?: number | undefined;
  /** `x-luno-trace-id`, which Luno's support asks for. */
  readonly traceId?: string | undefined;
  /** The exchange's own words, as `cleanText()` leaves them: data, never ours. */
  readonly detail?: string | undefined;
  /** What the caller may have meant, nearest first; for unknown pairs and currencies. */
  readonly suggestions?: readonly string[];
  readonly cause?: unknown;
}

/**
 * The exchange refused, is unreachable or was not asked. `message` is our own sentence and says what to do; the
 * exchange's text is in `detail`. Neither ever holds a secret.
 */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  readonly code: ExchangeErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly outcome: Outcome;
  readonly lunoCode: string | undefined;
  readonly status: number | undefined;
  readonly traceId: string | undefined;
  readonly detail: string | undefined;
  readonly suggestions: readonly string[];

  constructor(message: string, info: ExchangeErrorInfo) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.code = info.code;
    this.retryable = info.retryable ?? false;
    this.retryAfterMs = info.retryAfterMs;
    this.outcome = info.outcome ?? "none";
    this.lunoCode = info.lunoCode;
    this.status = info.status;
    this.traceId = info.traceId;
    this.detail = info.detail;
    this.suggestions = info.suggestions ?? [];
  }
}
