/**
 * The short way for calls: answers plain tool calls, and requests whose method is a tool's name, without the SDK.
 *
 * A plain `tools/call` means the same in both eras, so checking it again and again in the SDK costs more than many a tool.
 * Whatever is not plain (unknown parameters, tools that may have to ask a person, revisions that are not the connection's)
 * is left to the SDK.
 */

import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { getLogger } from "../logging/logger.ts";
import { INTERNAL_ERROR } from "../errors/rpc_codes.ts";
import { callDirectly, isTradingAlias } from "./direct_call.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { Backend } from "./backend_port.ts";
import { runTool, toResultJson, unknownTool } from "./tool_answer.ts";
import type { ServerIdentity } from "./offer.ts";
import type { Opening } from "./opening.ts";
import { modernMembers } from "./ready_answers.ts";
import type { RequestedCall } from "./tool_answer.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";

const log = getLogger(["luno-mcp-server", "protocol"]);

/** The member of an answer that is not its id; a result may be JSON already. */
export type Answer = { readonly result: unknown } | { readonly resultJson: string } | {
  readonly error: { readonly code: number; readonly message: string; readonly data?: unknown };
};

/** What a fast path needs of the server. */
export interface FastPathParts {
  readonly identity: ServerIdentity;
  /** How the connection was opened. */
  readonly opening: Pick<Opening, "eraOf" | "open">;
  readonly backend: () => Awaitable<Backend>;
  /** Whose connection it is. */
  readonly caller: CallerFacts;
  /** Tools that may have a dialog shown, which is the SDK's part. */
  readonly asking: ReadonlySet<string>;
  /** Methods that are tools' names. */
  readonly methods: ReadonlySet<string>;
}

/** The fast path of one connection. */
export class CallFastPath {
  readonly #parts: FastPathParts;
  /** What a result of 2026-07-28 holds beside a tool's own, as JSON members. */
  readonly #stamp: string;

  constructor(parts: FastPathParts) {
    this.#parts = parts;
    this.#stamp = `,${JSON.stringify(modernMembers(parts.identity)).slice(1, -1)}`;
  }

  /** The answer, or the one to come; `undefined` where the SDK is to answer. Never rejects. */
  take(request: JSONRPCRequest, cancellation: Cancellation): Awaitable<Answer> | undefined {
    const { method, params = {}, id: requestId } = request;
    if (method !== "tools/call") {
      return this.#parts.methods.has(method) ? this.#direct(request, cancellation) : undefined;
    }
    const { name, arguments: args, _meta, ...rest } = params;
    const isPlain = typeof name === "string" && isObject(args ?? {}) && Object.keys(rest).length === 0;
    if (!isPlain || !this.#parts.methods.has(name) || this.#mayAsk(name)) return undefined;
    const { opening } = this.#parts;
    const era = opening.eraOf(params);
    if (era === undefined) return undefined;
    opening.open(era);
    return this.#call({ name, args, cancellation, requestId }, era === "modern" ? this.#stamp : undefined);
  }

  #mayAsk(name: string): boolean {
    const { asking } = this.#parts;
    return asking.has(name) || (asking.size > 0 && isTradingAlias(name));
  }

  #call({ name, args, requestId, cancellation }: PlainCall, stamp?: string): Awaitable<Answer> {
    const { backend, caller } = this.#parts;
    const run = (backend: Backend) => {
      const outcome = runTool(backend, {
        name,
        args,
        requestId,
        caller,
        get signal() {
          return cancellation.signal;
        },
      });
      if (outcome === undefined) return { error: unknownTool(name) };
      return whenAnswered(outcome, (outcome) => ({ resultJson: toResultJson(outcome, stamp) }));
    };
    return attempt({ method: "tools/call", tool: name }, () => whenAnswered(backend(), run));
  }

  #direct({ id: requestId, method, params }: JSONRPCRequest, cancellation: Cancellation): Awaitable<Answer> {
    const { backend, caller } = this.#parts;
    const call = {
      method,
      params,
      requestId,
      caller,
      get signal() {
        return cancellation.signal;
      },
    };
    return attempt({ method }, () => whenAnswered(backend(), (backend) => callDirectly(backend, call)));
  }
}

/** What a call's caller gives up with; its signal is made when something first listens to it. */
interface Cancellation {
  readonly signal: AbortSignal;
}

interface PlainCall extends Pick<RequestedCall, "name" | "args" | "requestId"> {
  readonly cancellation: Cancellation;
}

/** A call's answer, in which a fault of ours is one too. */
function attempt(call: FailedCall, answer: () => Awaitable<Answer>): Awaitable<Answer> {
  const failed = (error: unknown) => internalError(error, call);
  try {
    const found = answer();
    return found instanceof Promise ? found.catch(failed) : found;
  } catch (error) {
    return failed(error);
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
