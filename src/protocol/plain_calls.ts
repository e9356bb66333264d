/**
 * Plain calls of tools, which need nothing of the SDK: `tools/call` with a name and arguments alone means the same in both
 * eras, so checking it again and again in the SDK costs more than many a tool. Whatever is not plain (other parameters,
 * tools that may have to ask a person) is left to the SDK.
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

/** What plain calls need of the server. */
export interface PlainCallsParts {
  readonly identity: ServerIdentity;
  readonly backend: () => Awaitable<Backend>;
  /** Tools that may have a dialog shown, which is the SDK's part. */
  readonly asking: ReadonlySet<string>;
  /** Names of tools, which are methods too. */
  readonly methods: ReadonlySet<string>;
}

/** A plain call. */
export interface PlainCall {
  readonly requestId: string | number;
  readonly name: string;
  readonly args: unknown;
}

/** What the parameters of a plain call consist of. */
const PLAIN_MEMBERS: ReadonlySet<string> = new Set(["name", "arguments", "_meta"]);

/** Who makes a call. */
export interface PlainCaller {
  readonly caller: CallerFacts;
  readonly cancellation: Cancellation;
}

/** The plain calls of one server. */
export class PlainCalls {
  readonly #parts: PlainCallsParts;
  /** What a result of 2026-07-28 holds beside a tool's own, as JSON members. */
  readonly #stamp: string;

  constructor(parts: PlainCallsParts) {
    this.#parts = parts;
    this.#stamp = `,${JSON.stringify(modernMembers(parts.identity)).slice(1, -1)}`;
  }

  /** The call that a request is; `undefined` where it is the SDK's. Its parameters are valid. */
  read({ id, method, params }: JSONRPCRequest): PlainCall | undefined {
    if (method !== "tools/call" || params === undefined) return undefined;
    const { name, arguments: args } = params;
    if (typeof name !== "string" || !isObject(args ?? {})) return undefined;
    for (const member in params) if (!PLAIN_MEMBERS.has(member)) return undefined;
    const isOurs = this.#parts.methods.has(name) && !this.#mayAsk(name);
    return isOurs ? { requestId: id, name, args } : undefined;
  }

  /** The answer, or the one to come, as it looks in an era. Never throws nor rejects. */
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

  /** An answer in which a fault of ours is one too. */
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
