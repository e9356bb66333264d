/** The errors of tools for callers: a stable code, a sentence, whether to try again and when. */

import { getLogger } from "../logging/logger.ts";
import type { z } from "zod";
import type { ToolErrorCode } from "../errors/error_table.ts";
import { ExchangeError } from "../exchange/errors.ts";
import type { Scope } from "../access/scopes.ts";
import { argumentProblems } from "../tools/argument_problems.ts";
import { ArgumentError } from "../tools/tool.ts";
import type { Tool } from "../tools/tool.ts";
import { TradingError } from "../trading/orders/trading_error.ts";

const log = getLogger(["luno-mcp-server", "tools"]);

/** An error for callers; codes never change their meaning. */
export interface ToolError {
  readonly code: ToolErrorCode;
  readonly message: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly retry_after_ms?: number;
  /** The invalid arguments and their problems. */
  readonly fields?: readonly { readonly field: string; readonly problem: string }[];
  readonly suggestions?: readonly string[];
  /** The exchange's own code and text: data, not to be trusted. */
  readonly exchange?: {
    readonly code?: string;
    readonly status?: number;
    readonly text?: string;
    readonly trace_id?: string;
  };
}

/** Turns whatever a tool threw into an error for its caller; internal errors are logged. */
export function describeError(error: unknown, tool: string): ToolError {
  if (error instanceof ExchangeError) return describeExchangeError(error);
  if (error instanceof ArgumentError) {
    return refuseArguments(tool, [{ field: error.field, problem: error.message }], error.suggestions);
  }
  if (error instanceof TradingError) return describeTradingError(error);
  log.error("internal error", { during: "tool call", tool, error });
  return {
    code: "ERR_INTERNAL",
    message: `The server failed to run ${tool}: the reason is in its log`,
    retryable: false,
  };
}

/** The error while a person must be asked first. */
export function describeMissingConfirmation(tool: string): ToolError {
  return {
    code: "ERR_CONFIRMATION_REQUIRED",
    message: `Cannot run ${tool} before a person has confirmed it: nothing was sent`,
    retryable: false,
  };
}

/** The error for a caller who lacks a scope. */
export function describeMissingScope(tool: string, scope: Scope): ToolError {
  return {
    code: "ERR_SCOPE_MISSING",
    message: `Cannot run ${tool} as your identity lacks the scope ${scope}: ask the operator of this server for it`,
    retryable: false,
  };
}

/** The error for arguments that do not match the tool's schema: the bounds, the values, and the nearest names. */
export function describeInvalidArguments(
  { name, input }: Pick<Tool, "name" | "input">,
  args: unknown,
  error: z.ZodError,
): ToolError {
  const problems = argumentProblems({ input, args, error });
  const fields = problems.map(({ field, problem }) => ({ field, problem }));
  return refuseArguments(name, fields, problems.flatMap(({ suggestion }) => suggestion ?? []));
}

function refuseArguments(
  tool: string,
  fields: readonly { field: string; problem: string }[],
  suggestions: readonly string[],
): ToolError {
  const list = fields.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  return {
    code: "ERR_INVALID_ARGUMENT",
    message: `Invalid arguments for ${tool}: ${list}`,
    retryable: false,
    fields,
    ...(suggestions.length === 0 ? {} : { suggestions }),
  };
}

function describeTradingError({ code, message, retryable, retryAfterMs, fields }: TradingError): ToolError {
  return {
    code,
    message,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(retryAfterMs) }),
    ...(fields === undefined ? {} : { fields }),
  };
}

function describeExchangeError(error: ExchangeError): ToolError {
  const exchange = {
    ...(error.lunoCode === undefined ? {} : { code: error.lunoCode }),
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.detail === undefined ? {} : { text: error.detail }),
    ...(error.traceId === undefined ? {} : { trace_id: error.traceId }),
  };
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    ...(error.retryAfterMs === undefined ? {} : { retry_after_ms: Math.ceil(error.retryAfterMs) }),
    ...(error.suggestions.length === 0 ? {} : { suggestions: error.suggestions }),
    ...(Object.keys(exchange).length === 0 ? {} : { exchange }),
  };
}
