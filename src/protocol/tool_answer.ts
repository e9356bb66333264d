/** `tools/call` from a tool's name to the protocol's result, the same for the SDK's way and the short one. */

import type { CallToolResult } from "@modelcontextprotocol/server";
import type { Backend } from "./mcp_server.ts";
import type { ToolOutcome } from "./tool_call.ts";

const INVALID_PARAMS = -32602;

/** A call as a client asks for it. */
export interface RequestedCall {
  readonly name: string;
  readonly args: unknown;
  readonly signal: AbortSignal;
}

/** A result, or the protocol's error for a tool that does not exist. */
export type ToolAnswer =
  | { readonly result: CallToolResult }
  | { readonly error: { readonly code: number; readonly message: string } };

/** Runs a tool and shapes its outcome. */
export async function answerToolCall(
  { tools, context }: Backend,
  { name, args, signal }: RequestedCall,
): Promise<ToolAnswer> {
  const tool = tools.find(name);
  if (tool === undefined) {
    return { error: { code: INVALID_PARAMS, message: `Unknown tool: ${JSON.stringify(name.slice(0, 100))}` } };
  }
  const { callTool } = await import("./tool_call.ts");
  return { result: toResult(await callTool(tool, args, { ...context, signal })) };
}

/** A tool's outcome as the protocol wants it: structured, and the same as compact JSON text. */
export function toResult(outcome: ToolOutcome): CallToolResult {
  if (outcome.ok) {
    return { content: [{ type: "text", text: JSON.stringify(outcome.value) }], structuredContent: outcome.value };
  }
  return { content: [{ type: "text", text: JSON.stringify({ error: outcome.error }) }], isError: true };
}
