/**
 * Calls of tools as every caller makes them, with the answer checked against its schema: a running server relies on the
 * types for that.
 */

import assert from "node:assert/strict";
import { z } from "zod";
import { callTool } from "../../src/protocol/tool_call.ts";
import type { ToolOutcome } from "../../src/protocol/tool_call.ts";
import type { Tool, ToolContext } from "../../src/tools/tool.ts";

/** The marker of answers about paper funds. */
const PAPER = { paper: z.literal(true) };

/**
 * Runs a tool.
 *
 * @throws {AssertionError} the answer does not match its schema: a member is missing, of another type or unknown, or a
 * text of the exchange was not cleaned
 */
export async function callChecked(tool: Tool, args: unknown, context: ToolContext): Promise<ToolOutcome> {
  const outcome = await callTool(tool, args, context);
  if (!outcome.ok) return outcome;
  const schema = context.isPaper && tool.scope !== "market:read" ? tool.output.extend(PAPER) : tool.output;
  // As it is sent, without undefined members.
  const sent = JSON.parse(JSON.stringify(outcome.value));
  const { success, data, error } = schema.safeParse(sent);
  assert.ok(success, `${tool.name} answers outside of its schema: ${error?.message}`);
  assert.deepEqual(sent, data, `${tool.name} answers more than its schema says, or texts that are not fit to show`);
  return outcome;
}
