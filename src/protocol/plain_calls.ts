/**
 * Plain calls of tools, which need nothing of the SDK: `tools/call` with a name and arguments alone means the same in both
 * eras. Whatever is not plain (other parameters, tools that may have to ask a person) is left to the SDK.
 */

import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { getLogger } from "../logging/logger.ts";
import type { CallerFacts } from "../access/caller.ts";
import { INTERNAL_ERROR } from "../errors/rpc_codes.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";
import type { Backend } from "./backend_port.ts";
import { isTradingAlias } from "./direct_call.ts";
import type { Era } from "./envelope.ts";
import type { Answer } from "./fast_path.ts";
import type { ServerIdentity } from "./offer.ts";
import { modernMembers } from "./ready_answers.ts";
import { runTool, toResultJson, unknownTool } from "./tool_answer.ts";
import type { ToolOutcome } from "./tool_call.ts";

const log = getLogger(["luno-mcp-server", "protocol"]);

/** What plain calls need of the server. */
export interface PlainCallsParts {
  readonly identity: ServerIdentity;
  readonly backend: () => Awaitable<Backend>;
  /** Tools that may have a dialog shown, which is the SDK's part. */
  readonly asking: ReadonlySet<string>;
  /** Names of tools. */
  readonly methods: ReadonlySet<string>;
}

/** A plain call. */
export interface PlainCall {
  readonly requestId: string | number;
  readonly name: string;
  readonly args: unknown;
}

/** Who makes a call, and how its answer looks. */
export interface PlainCallContext {
  readonly caller: CallerFacts;
  readonly era: Era;
  /** Its signal is made when something first listens to it. */
  readonly cancellation: { readonly signal: AbortSignal };
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
    const { name, arguments: args, _meta, ...rest } = params;
    const isPlain = typeof name === "string" && isObject(args ?? {}) && Object.keys(rest).length === 0;
    const isOurs = isPlain && this.#parts.methods.has(name) && !this.#mayAsk(name);
    return isOurs ? { requestId: id, name, args } : undefined;
  }

  /** Runs it. Never throws nor rejects. */
  answer(call: PlainCall, context: PlainCallContext): Awaitable<Answer> {
    const failed = (error: unknown) => internalError(error, call.name);
    try {
      const answer = whenAnswered(this.#parts.backend(), (backend) => this.#run(backend, call, context));
      return answer instanceof Promise ? answer.catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  }

  #run(backend: Backend, call: PlainCall, { caller, era, cancellation }: PlainCallContext): Awaitable<Answer> {
    const outcome = runTool(backend, {
      ...call,
      caller,
      get signal() {
        return cancellation.signal;
      },
    });
    return whenAnswered<ToolOutcome | undefined, Answer>(outcome, (outcome) => {
      if (outcome === undefined) return { error: unknownTool(call.name) };
      return { resultJson: toResultJson(outcome, era === "modern" ? this.#stamp : "") };
    });
  }

  #mayAsk(name: string): boolean {
    const { asking } = this.#parts;
    return asking.has(name) || (asking.size > 0 && isTradingAlias(name));
  }
}

function internalError(error: unknown, tool: string): Answer {
  log.error("internal error", { during: "request", method: "tools/call", tool, error });
  return { error: { code: INTERNAL_ERROR, message: "Internal error: the reason is in the server's log" } };
}
