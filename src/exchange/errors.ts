/** The one kind of error that the exchange client throws. */

import type { EXCHANGE_CODES } from "../errors/exchange_codes.ts";

/** What a call to the exchange can fail with. */
export type ExchangeErrorCode = keyof typeof EXCHANGE_CODES;

/**
 * The effect of a failed write: `none`, nothing happened; `unknown`, it may have taken effect. Always `none` for a
 * read.
 */
export type Outcome = "none" | "unknown";

/** Details of an {@linkcode ExchangeError}. */
export interface ExchangeErrorInfo {
  readonly code: ExchangeErrorCode;
  /**
   * Whether the same call may be repeated unchanged.
   *
   * @default {false}
   */
  readonly retryable?: boolean;
  /** The least time to wait before repeating it, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** @default {"none"} */
  readonly outcome?: Outcome;
  /** Luno's own `error_code`, such as `ErrOrderNotFound`. */
  readonly lunoCode?: string | undefined;
  /** The HTTP status, when there was a response. */
  readonly status?: number | undefined;
  /** `x-luno-trace-id`, which Luno's support asks for. */
  readonly traceId?: string | undefined;
  /** The exchange's own text, cleaned by `cleanText()`; data, never part of our sentences. */
  readonly detail?: string | undefined;
  /** What was probably meant, nearest first; for unknown pairs and currencies. */
  readonly suggestions?: readonly string[];
  readonly cause?: unknown;
}

/**
 * The exchange refused, is unreachable or was not called. `message` is our own sentence and says what to do; the
 * exchange's text is in `detail`. Neither contains a secret.
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
