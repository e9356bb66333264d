/** Tools as plain JSON-RPC methods, for scripts: the method is the tool's name, the parameters are its arguments. */

import type { Scope } from "../access/scopes.ts";
import { ERRORS } from "../errors/error_table.ts";
import { METHOD_NOT_FOUND } from "../errors/rpc_codes.ts";
import type { CallerFacts } from "../access/caller.ts";
import { ALIASES, listingOf } from "./listing.ts";
import type { ListingEntry } from "./listing.ts";
import { CallContext } from "./call_context.ts";
import type { CallFacts } from "./call_context.ts";
import type { Backend } from "./backend_port.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import type { ToolOutcome } from "./tool_call.ts";
import type { ToolError } from "./tool_error.ts";

/**
 * The methods that are names or aliases of tools: those of every enabled group, and the trading tools, which explain
 * how to enable trading. Loads no tool.
 */
export function directMethods(listing: readonly ListingEntry[]): ReadonlySet<string> {
  const groups = new Set([...listing.map(({ group }) => group), "trading"]);
  const aliases = [...ALIASES.values()].filter(({ group }) => groups.has(group)).map(({ name }) => name);
  const trading = listingOf(["trading"]).map(({ tool }) => tool.name);
  return new Set([...listing.map(({ tool }) => tool.name), ...trading, ...aliases]);
}

/** Whether a name is an alias of a trading tool, which may have to ask a person. */
export function isTradingAlias(name: string): boolean {
  return ALIASES.get(name)?.group === "trading";
}

/** Names and aliases of tools that change something, at the exchange or here. */
const WRITERS: ReadonlySet<unknown> = new Set([
  ...listingOf(["market", "account", "trading", "server"])
    .filter(({ scope }) => !scope.endsWith(":read")).map(({ tool }) => tool.name),
  ...ALIASES.keys().filter(isTradingAlias),
]);

/** Whether a tool or alias of this name changes something. */
export function isWriting(name: unknown): boolean {
  return WRITERS.has(name);
}

/** The required scope of the tool or alias of this name; `undefined` when there is none. */
export function requiredScope(listing: readonly ListingEntry[], name: unknown): Scope | undefined {
  const listed = listing.find(({ tool }) => tool.name === name);
  return listed?.scope ?? (typeof name === "string" ? ALIASES.get(name)?.scope : undefined);
}

/** A request whose method is a tool's name. */
export interface DirectCall extends CallFacts {
  readonly method: string;
  /** The arguments; the protocol's own `_meta` is not one of them. */
  readonly params?: unknown;
  readonly caller: CallerFacts;
}

/**
 * The tool's plain answer, as JSON when it is shared; or an error whose `data` is the tool's error, with `retryAfterMs`
 * spelt as JSON-RPC clients expect.
 */
export type DirectAnswer =
  | { readonly result: Record<string, unknown> }
  | { readonly resultJson: string }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } };

/** Calls a tool by its method. Never rejects. */
export function callDirectly(
  { tools, contextOf, run }: Backend,
  call: DirectCall,
): Awaitable<DirectAnswer> {
  const tool = tools.findPlain(call.method);
  if (tool === undefined) return { error: { code: METHOD_NOT_FOUND, message: "Method not found" } };
  const outcome = run(tool, withoutMeta(call.params), new CallContext(contextOf(call.caller), call));
  return whenAnswered(outcome, toDirectAnswer);
}

function toDirectAnswer(outcome: ToolOutcome): DirectAnswer {
  if (!outcome.ok) return { error: toRpcError(outcome.error) };
  return outcome.text === undefined ? { result: outcome.value } : { resultJson: outcome.text.json };
}

function withoutMeta(params: unknown): unknown {
  if (typeof params !== "object" || params === null || !("_meta" in params)) return params;
  const { _meta, ...args } = params;
  return args;
}

function toRpcError({ message, retry_after_ms, ...error }: ToolError) {
  const data = retry_after_ms === undefined ? error : { ...error, retryAfterMs: retry_after_ms };
  return { code: ERRORS[error.code].rpc, message, data };
}
