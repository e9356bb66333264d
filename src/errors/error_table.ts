/** The one table of errors: what each code means, what to do, whether to repeat, and its status on each protocol. */

import { COMMAND_CODES, CONNECTION_CODES, REMOTE_CALL_CODES } from "./command_codes.ts";
import type { ErrorRow } from "./error_row.ts";
import { EXCHANGE_CODES } from "./exchange_codes.ts";
import { ORDER_CODES } from "./order_codes.ts";
import { REQUEST_CODES } from "./request_codes.ts";
import { SENDING_CODES } from "./sending_codes.ts";
import { STATE_CODES } from "./state_codes.ts";
import { TRADING_CODES } from "./trading_codes.ts";

/** The table by chapter, as `docs/errors.md` shows it. */
export const ERROR_CHAPTERS = {
  "The exchange and your API key": EXCHANGE_CODES,
  "Arguments and orders that are not valid": ORDER_CODES,
  "Trading: policy, limits, approval": TRADING_CODES,
  "Trading: sending and recovery": SENDING_CODES,
  "Databases in the state folder": STATE_CODES,
  "Requests to this server": REQUEST_CODES,
  "Commands, with `--json`": COMMAND_CODES,
  "`client` and `bridge`": { ...CONNECTION_CODES, ...REMOTE_CALL_CODES },
} as const satisfies Record<string, Record<string, ErrorRow>>;

/** Every error by its code. Codes are stable: none changes its meaning or is reused. */
export const ERRORS = {
  ...EXCHANGE_CODES,
  ...ORDER_CODES,
  ...TRADING_CODES,
  ...SENDING_CODES,
  ...STATE_CODES,
  ...REQUEST_CODES,
  ...COMMAND_CODES,
  ...CONNECTION_CODES,
  ...REMOTE_CALL_CODES,
} as const satisfies Record<string, ErrorRow>;

/** A stable code of {@linkcode ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

/** Codes that a tool call can end with, and the reasons for an order that was not placed or has an unknown outcome. */
export type ToolErrorCode =
  | keyof typeof EXCHANGE_CODES
  | keyof typeof ORDER_CODES
  | keyof typeof TRADING_CODES
  | keyof typeof SENDING_CODES
  | "ERR_SCOPE_MISSING"
  | "ERR_INTERNAL";

/** Codes that can be the body of an HTTP response. */
export type HttpErrorCode = CodeWith<"http">;

/** Codes that can be the data of a JSON-RPC error. */
export type RpcErrorCode = CodeWith<"rpc">;

type CodeWith<Wire extends "http" | "rpc"> = {
  [Code in ErrorCode]: (typeof ERRORS)[Code][Wire] extends number ? Code : never;
}[ErrorCode];

/** Tells whether `code`, which came from outside or from an earlier version, is one of {@linkcode ERRORS}. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERRORS, code);
}

/** The code that an error, or the data of one, carries. */
export function errorCodeIn(value: unknown): ErrorCode | undefined {
  const code = typeof value === "object" && value !== null && "code" in value ? value.code : undefined;
  return isErrorCode(code) ? code : undefined;
}

/** A code's meaning and action, as a clause to follow "Cannot place the order as". */
export function clauseOf(code: ErrorCode): string {
  const { meaning, action } = ERRORS[code];
  return `${meaning}: ${action}`.replaceAll(/[`*]/g, "");
}
