/** Calls of tools as every caller makes them, with the answer held to its schema: a running server trusts the types for that. */

import assert from "node:assert/strict";
import { z } from "zod";
import { callTool } from "../../src/protocol/tool_call.ts";
import type { ToolOutcome } from "../../src/protocol/tool_call.ts";
import type { Tool, ToolContext } from "../../src/tools/tool.ts";

/** What is told of every account that holds paper funds. */
const PAPER = { paper: z.literal(true) };

/**
 * Runs a tool.
 *
 * @throws {AssertionError} the answer is not what its schema says: a member is missing, of another kind or unknown, or a
 * text of the exchange is not made fit to show
 */
export async function callChecked(tool: Tool, args: unknown, context: ToolContext): Promise<ToolOutcome> {
  const outcome = await callTool(tool, args, context);
  if (!outcome.ok) return outcome;
  const schema = context.isPaper && tool.scope !== "market:read" ? tool.output.extend(PAPER) : tool.output;
  // As it is sent: what is undefined is not there.
  const sent = JSON.parse(JSON.stringify(outcome.value));
  const { success, data, error } = schema.safeParse(sent);
  assert.ok(success, `${tool.name} answers outside of its schema: ${error?.message}`);
  assert.deepEqual(sent, data, `${tool.name} answers more than its schema says, or texts that are not fit to show`);
  return outcome;
}
