/** The one way in which a tool runs, whoever calls it: arguments checked, time bounded, errors described. */

import { getLogger } from "@logtape/logtape";
import type { Tool, ToolContext } from "../tools/tool.ts";
import { describeError, describeInvalidArguments } from "./tool_error.ts";
import type { ToolError } from "./tool_error.ts";

const log = getLogger(["luno-mcp-server", "tools"]);

/** The longest that a tool may take; each call to the exchange inside has a deadline of its own. */
export const TOOL_TIMEOUT_MS = 60_000;

/** A tool's answer, or what to tell its caller instead. */
export type ToolOutcome =
  | { readonly ok: true; readonly value: Record<string, unknown> }
  | { readonly ok: false; readonly error: ToolError };

/** Runs a tool with arguments from outside. Never throws. */
export async function callTool(tool: Tool, args: unknown, context: ToolContext): Promise<ToolOutcome> {
  const read = tool.input.safeParse(args ?? {});
  if (!read.success) return { ok: false, error: describeInvalidArguments(tool.name, read.error) };
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TOOL_TIMEOUT_MS);
  try {
    const signal = AbortSignal.any([context.signal, timeout.signal]);
    const value = tool.output.parse(await tool.run(read.data, { ...context, signal }));
    log.debug("answered", { tool: tool.name });
    return { ok: true, value };
  } catch (error) {
    const described = timeout.signal.aborted && !context.signal.aborted ? TIMED_OUT : describeError(error, tool.name);
    log.debug("refused", { tool: tool.name, code: described.code });
    return { ok: false, error: described };
  } finally {
    clearTimeout(timer);
  }
}

const TIMED_OUT: ToolError = {
  code: "ERR_TIMEOUT",
  message: `The tool was not done within ${TOOL_TIMEOUT_MS / 1_000} s: ask for less at once, or again`,
  retryable: true,
};
