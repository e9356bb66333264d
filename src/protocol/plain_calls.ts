/**
 * Plain tool calls, which do not need the SDK: `tools/call` with only a name and arguments means the same in both
 * revisions, and the SDK's repeated validation costs more than many tools. Anything else (further parameters, tools
 * that may have to ask a person) is left to the SDK.
 */

import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { getLogger } from "../logging/logger.ts";
import type { CallerFacts } from "../access/caller.ts";
import { INTERNAL_ERROR } from "../errors/rpc_codes.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";
import type { Answer } from "./answer.ts";
import type { Backend } from "./backend_port.ts";
import type { Cancellation } from "./call_context.ts";
import { callDirectly, isTradingAlias } from "./direct_call.ts";
import type { Era } from "./envelope.ts";
import type { ServerIdentity } from "./offer.ts";
import { modernMembers } from "./ready_answers.ts";
import { runTool, toResultJson, unknownTool } from "./tool_answer.ts";

const log = getLogger(["luno-mcp-server", "protocol"]);

/** Parts of {@linkcode PlainCalls}. */
export interface PlainCallsParts {
  readonly identity: ServerIdentity;
  readonly backend: () => Awaitable<Backend>;
  /** Tools that may show a dialog, which the SDK handles. */
  readonly asking: ReadonlySet<string>;
  /** Names of tools, which are also methods. */
  readonly methods: ReadonlySet<string>;
}

/** A plain call. */
export interface PlainCall {
  readonly requestId: string | number;
  readonly name: string;
  readonly args: unknown;
}

/** The parameters of a plain call. */
const PLAIN_MEMBERS: ReadonlySet<string> = new Set(["name", "arguments", "_meta"]);

/** The caller, and how the call can be cancelled. */
export interface PlainCaller {
  readonly caller: CallerFacts;
  readonly cancellation: Cancellation;
}

/** The plain calls of one server. */
export class PlainCalls {
  readonly #parts: PlainCallsParts;
  /** Members that results of 2026-07-28 have in addition to a tool's own, as JSON. */
  readonly #stamp: string;

  constructor(parts: PlainCallsParts) {
    this.#parts = parts;
    this.#stamp = `,${JSON.stringify(modernMembers(parts.identity)).slice(1, -1)}`;
  }

  /** The call in a request with valid parameters; `undefined` when it is left to the SDK. */
  read({ id, method, params }: JSONRPCRequest): PlainCall | undefined {
    if (method !== "tools/call" || params === undefined) return undefined;
    const { name, arguments: args } = params;
    if (typeof name !== "string" || !isObject(args ?? {})) return undefined;
    for (const member in params) if (!PLAIN_MEMBERS.has(member)) return undefined;
    const isOurs = this.#parts.methods.has(name) && !this.#mayAsk(name);
    return isOurs ? { requestId: id, name, args } : undefined;
  }

  /** The answer, possibly a promise, in the form of a revision. Never throws or rejects. */
  answer(
    { name, args, requestId }: PlainCall,
    { caller, era, cancellation }: PlainCaller & { readonly era: Era },
  ): Awaitable<Answer> {
    const stamp = era === "modern" ? this.#stamp : "";
    return this.#attempt({ method: "tools/call", tool: name }, (backend) => {
      const outcome = runTool(backend, { name, args, requestId, caller, cancellation });
      if (outcome === undefined) return { error: unknownTool(name) };
      return whenAnswered(outcome, (outcome) => ({ resultJson: toResultJson(outcome, stamp) }));
    });
  }

  /** The same for a request whose method is a tool's name; `undefined` for all others. */
  answerDirectly(
    { id: requestId, method, params }: JSONRPCRequest,
    { caller, cancellation }: PlainCaller,
  ): Awaitable<Answer> | undefined {
    if (!this.#parts.methods.has(method)) return undefined;
    const call = { method, params, requestId, caller, cancellation };
    return this.#attempt({ method }, (backend) => callDirectly(backend, call));
  }

  #mayAsk(name: string): boolean {
    const { asking } = this.#parts;
    return asking.has(name) || (asking.size > 0 && isTradingAlias(name));
  }

  /** An internal error becomes an answer too. */
  #attempt(call: FailedCall, answer: (backend: Backend) => Awaitable<Answer>): Awaitable<Answer> {
    const failed = (error: unknown) => internalError(error, call);
    try {
      const found = whenAnswered(this.#parts.backend(), answer);
      return found instanceof Promise ? found.catch(failed) : found;
    } catch (error) {
      return failed(error);
    }
  }
}

interface FailedCall {
  readonly method: string;
  readonly tool?: string;
}

function internalError(error: unknown, call: FailedCall): Answer {
  log.error("internal error", { during: "request", ...call, error });
  return { error: { code: INTERNAL_ERROR, message: "Internal error: the reason is in the server's log" } };
}
