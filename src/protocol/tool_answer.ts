/** `tools/call` from a tool's name to the protocol's result, the same for the SDK's way and the short one. */

import type { CallToolResult } from "@modelcontextprotocol/server";
import { INVALID_PARAMS } from "../errors/rpc_codes.ts";
import type { Backend } from "./backend_port.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { Asking } from "../trading/confirmation/confirmer.ts";
import type { ToolOutcome } from "./tool_call.ts";

/** A call as a client asks for it. */
export interface RequestedCall {
  readonly name: string;
  readonly args: unknown;
  readonly signal: AbortSignal;
  readonly caller: CallerFacts;
  readonly asking?: Asking;
  readonly requestId?: string | number | undefined;
}

/** The protocol's error for a tool that does not exist. */
export function unknownTool(name: string): { readonly code: number; readonly message: string } {
  return { code: INVALID_PARAMS, message: `Unknown tool: ${JSON.stringify(name.slice(0, 100))}` };
}

/** Runs a tool by its name; `undefined` where there is none. */
export async function runTool(
  { tools, contextOf, run }: Backend,
  call: RequestedCall,
): Promise<ToolOutcome | undefined> {
  const tool = tools.find(call.name);
  const { signal, requestId } = call;
  return tool && await run(tool, call.args, { ...contextOf(call.caller), ...asking(call), signal, requestId });
}

function asking({ asking }: RequestedCall): { readonly asking?: Asking } {
  return asking === undefined ? {} : { asking };
}

/** A tool's outcome as the protocol wants it: structured, and the same as compact JSON text. */
export function toResult(outcome: ToolOutcome): CallToolResult {
  if (outcome.ok) {
    return { content: [{ type: "text", text: JSON.stringify(outcome.value) }], structuredContent: outcome.value };
  }
  return { content: [{ type: "text", text: JSON.stringify({ error: outcome.error }) }], isError: true };
}

/** {@linkcode toResult} as JSON, written once although the value stands in it twice; `members` are added to it. */
export function toResultJson(outcome: ToolOutcome, members = ""): string {
  const value = JSON.stringify(outcome.ok ? outcome.value : { error: outcome.error });
  const rest = outcome.ok ? `"structuredContent":${value}` : `"isError":true`;
  return `{"content":[{"type":"text","text":${JSON.stringify(value)}}],${rest}${members}}`;
}
