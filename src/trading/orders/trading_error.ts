/** A refusal of our own, whose message callers see: nothing was sent. */

import { ERRORS } from "../../errors/error_table.ts";
import type { ToolErrorCode } from "../../errors/error_table.ts";

/** What a caller can do about it. */
export interface TradingErrorInfo {
  readonly code: ToolErrorCode;
  /**
   * Whether the same call may succeed later, if the code leaves that open.
   *
   * @default whether `retryAfterMs` is set
   */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number | undefined;
  /** The invalid arguments, if it is about arguments. */
  readonly fields?: readonly { readonly field: string; readonly problem: string }[];
}

/** Nothing was sent, and why. */
export class TradingError extends Error {
  override readonly name = "TradingError";
  readonly code: ToolErrorCode;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly fields: TradingErrorInfo["fields"];

  constructor(
    message: string,
    { code, retryAfterMs, retryable = retryAfterMs !== undefined, fields }: TradingErrorInfo,
  ) {
    super(message);
    this.code = code;
    const { retry } = ERRORS[code];
    this.retryable = retry === "depends" ? retryable : retry === "yes";
    this.retryAfterMs = retryAfterMs;
    this.fields = fields;
  }
}
