/** `tools/call`, from a tool's name to the protocol's result, for both the SDK's path and the fast path. */

import type { Awaitable } from "../timing/awaitable.ts";
import type { CallToolResult } from "@modelcontextprotocol/server";
import { INVALID_PARAMS } from "../errors/rpc_codes.ts";
import { CallContext } from "./call_context.ts";
import type { CallFacts } from "./call_context.ts";
import type { Backend } from "./backend_port.ts";
import type { CallerFacts } from "../access/caller.ts";
import { AnswerText } from "./answer_text.ts";
import type { ToolOutcome } from "./tool_call.ts";

/** A call as requested by a client. */
export interface RequestedCall extends CallFacts {
  readonly name: string;
  readonly args: unknown;
  readonly caller: CallerFacts;
}

/** The protocol's error for a tool that does not exist. */
export function unknownTool(name: string): { readonly code: number; readonly message: string } {
  return { code: INVALID_PARAMS, message: `Unknown tool: ${JSON.stringify(name.slice(0, 100))}` };
}

/** Runs a tool by name; `undefined` when there is none. */
export function runTool(
  { tools, contextOf, run }: Backend,
  call: RequestedCall,
): Awaitable<ToolOutcome> | undefined {
  const tool = tools.find(call.name);
  return tool && run(tool, call.args, new CallContext(contextOf(call.caller), call));
}

/** A tool's outcome in the protocol's form: structured, and as compact JSON text. */
export function toResult(outcome: ToolOutcome): CallToolResult {
  if (outcome.ok) {
    return { content: [{ type: "text", text: textOf(outcome).json }], structuredContent: outcome.value };
  }
  return { content: [{ type: "text", text: JSON.stringify({ error: outcome.error }) }], isError: true };
}

/** {@linkcode toResult} as JSON, with `members` appended. */
export function toResultJson(outcome: ToolOutcome, members = ""): string {
  if (outcome.ok) return textOf(outcome).result(members);
  const text = JSON.stringify(JSON.stringify({ error: outcome.error }));
  return `{"content":[{"type":"text","text":${text}}],"isError":true${members}}`;
}

function textOf({ value, text }: ToolOutcome & { readonly ok: true }): AnswerText {
  return text ?? new AnswerText(value);
}
