/**
 * The fast path of one connection: answers plain tool calls, and requests whose method is a tool's name, without the
 * SDK. Everything else, and requests of another revision than the connection's, are left to the SDK.
 */

import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import type { CallerFacts } from "../access/caller.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import type { Answer } from "./answer.ts";
import type { Cancellation } from "./call_context.ts";
import type { Opening } from "./opening.ts";
import type { PlainCalls } from "./plain_calls.ts";

/** Parts of a fast path. */
export interface FastPathParts {
  /** How the connection was opened. */
  readonly opening: Pick<Opening, "eraOf" | "open">;
  /** The caller on the connection. */
  readonly caller: CallerFacts;
  /** Answers the calls of all connections. */
  readonly calls: PlainCalls;
}

/** The fast path of one connection. */
export class CallFastPath {
  readonly #parts: FastPathParts;

  constructor(parts: FastPathParts) {
    this.#parts = parts;
  }

  /** The answer, possibly a promise; `undefined` when the SDK is to answer. Never rejects. */
  take(request: JSONRPCRequest, cancellation: Cancellation): Awaitable<Answer> | undefined {
    const { opening, caller, calls } = this.#parts;
    if (request.method !== "tools/call") return calls.answerDirectly(request, { caller, cancellation });
    const call = calls.read(request);
    const era = call && opening.eraOf(request.params);
    if (call === undefined || era === undefined) return undefined;
    opening.open(era);
    return calls.answer(call, { caller, era, cancellation });
  }
}
