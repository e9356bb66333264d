/** The only way in which tools run, for all transports: checks scope, arguments and answer, and describes errors. */

import { getLogger } from "../logging/logger.ts";
import { ConfirmationNeeded } from "../tools/confirmation_needed.ts";
import { inDeclaredCase } from "../tools/argument_case.ts";
import type { MarketAtHand } from "../market/recorded_market.ts";
import type { Tool, ToolContext } from "../tools/tool.ts";
import type { AnswerText } from "./answer_text.ts";
import { withoutAbsent } from "./absent_arguments.ts";
import {
  describeError,
  describeInvalidArguments,
  describeMissingConfirmation,
  describeMissingScope,
} from "./tool_error.ts";
import type { ToolError } from "./tool_error.ts";

const log = getLogger(["luno-mcp-server", "tools"]);
const accessLog = getLogger(["luno-mcp-server", "access"]);

/** A tool's answer, or its error. */
export type ToolOutcome =
  | {
    readonly ok: true;
    readonly value: Record<string, unknown>;
    /** The value as text, when the answer is shared. */
    readonly text?: AnswerText;
  }
  | {
    readonly ok: false;
    readonly error: ToolError;
    /** What to ask a person first, when the caller's client can show a dialog. */
    readonly ask?: { readonly token: string; readonly text: string };
  };

/**
 * Runs a tool with arguments from outside. Never throws. Its duration is bounded by its few calls to the exchange, each
 * of which has a deadline.
 */
export async function callTool(tool: Tool, args: unknown, context: ToolContext): Promise<ToolOutcome> {
  const { caller } = context;
  if (!caller.allows(tool.scope)) {
    accessLog.warning("scope denied", { identity: caller.identity, scope: tool.scope, tool: tool.name });
    return { ok: false, error: describeMissingScope(tool.name, tool.scope) };
  }
  const given = givenTo(tool, args);
  const read = tool.input.safeParse(given);
  if (!read.success) return { ok: false, error: describeInvalidArguments(tool, given, read.error) };
  try {
    const value: Readonly<Record<string, unknown>> = await tool.run(read.data, context);
    // Account data is marked as paper data.
    return { ok: true, value: context.isPaper && tool.scope !== "market:read" ? { ...value, paper: true } : value };
  } catch (error) {
    if (error instanceof ConfirmationNeeded) {
      const { token, text } = error;
      return { ok: false, error: describeMissingConfirmation(tool.name), ask: { token, text } };
    }
    const described = describeError(error, tool.name);
    log.debug("tool call failed", { tool: tool.name, code: described.code });
    return { ok: false, error: described };
  }
}

/**
 * The answer of a tool that needs nothing but what is in memory. `undefined` leaves the call to {@linkcode callTool},
 * with its errors.
 */
export function callAtOnce(tool: Tool, args: unknown, market: MarketAtHand): Record<string, unknown> | undefined {
  const read = tool.input.safeParse(givenTo(tool, args));
  try {
    return read.success ? tool.runAtOnce?.(read.data, market) : undefined;
  } catch (error) {
    log.debug("tool call failed", { tool: tool.name, error });
    return undefined;
  }
}

function givenTo({ input }: Tool, args: unknown): unknown {
  return inDeclaredCase(input, withoutAbsent(input, args ?? {}));
}
