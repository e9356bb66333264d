/** A refusal of our own that callers are told as it is: nothing was sent. */

/** What a caller can do about it. */
export interface TradingErrorInfo {
  /** Stable, `ERR_…`. */
  readonly code: string;
  /** Whether the same call may succeed later. @default {false} */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | undefined;
  /** What is wrong, where it is one argument or another. */
  readonly fields?: readonly { readonly field: string; readonly problem: string }[];
}

/** Nothing was sent, and why. */
export class TradingError extends Error {
  override readonly name = "TradingError";
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly fields: TradingErrorInfo["fields"];

  constructor(message: string, { code, retryable = false, retryAfterMs, fields }: TradingErrorInfo) {
    super(message);
    this.code = code;
    this.retryable = retryable || retryAfterMs !== undefined;
    this.retryAfterMs = retryAfterMs;
    this.fields = fields;
  }
}
