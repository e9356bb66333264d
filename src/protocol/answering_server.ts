/**
 * The SDK's server, changed to answer every request: the original silently drops messages that its schemas refuse, and
 * sends clients the text of any error that a handler throws or that a dialog fails with.
 */

import {
  isJSONRPCRequest,
  isJSONRPCResponse,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from "@modelcontextprotocol/server";
import type { JSONRPCMessage, JSONRPCRequest, Result, ServerContext, Transport } from "@modelcontextprotocol/server";
import { getLogger } from "../logging/logger.ts";
import { isQuestion, unansweredBy } from "./dialogs.ts";
import { findInvalidParams } from "./invalid_params.ts";

const log = getLogger(["luno-mcp-server", "protocol"]);

type Handler = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/** The server of one connection. */
export class AnsweringServer extends Server {
  override async connect(transport: Transport): Promise<void> {
    await super.connect(transport);
    const deliver = transport.onmessage;
    transport.onmessage = (message, extra) => {
      const refusal = refusalOf(message);
      if (refusal === undefined) deliver?.(message, extra);
      else if ("method" in message) transport.send(refusal).catch((error) => this.onerror?.(error));
      else deliver?.(refusal, extra); // The request that waits for the client's answer fails, as the answer is invalid.
    };
  }

  protected override _wrapHandler(method: string, handler: Handler): Handler {
    /** The last question of each call, by its signal. */
    const questions = new WeakMap<AbortSignal, Result>();
    const wrapped = super._wrapHandler(method, async (request, context) => {
      const result = await handler(request, context);
      if (isQuestion(result)) questions.set(context.mcpReq.signal, result);
      else questions.delete(context.mcpReq.signal);
      return result;
    });
    return async (request, context) => {
      const problem = findInvalidParams(request);
      if (problem !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Invalid params: ${problem}`);
      try {
        const result = await wrapped(request, context);
        const question = questions.get(context.mcpReq.signal);
        if (question === undefined || isQuestion(result)) return result;
        // The client of an earlier revision could not ask, or did not answer: the SDK would answer with the client's own text.
        return await handler(request, unansweredBy(context, question));
      } catch (error) {
        if (error instanceof ProtocolError || context.mcpReq.signal.aborted) throw error;
        log.error("internal error", { during: "request", method, error });
        const message = "Internal error: the reason is in the server's log";
        throw new ProtocolError(ProtocolErrorCode.InternalError, message);
      }
    };
  }
}

/** The error for a request or an answer that the SDK would drop. */
function refusalOf(message: JSONRPCMessage): JSONRPCMessage | undefined {
  const value: unknown = message;
  if (!("id" in message) || message.id === undefined || isJSONRPCRequest(value) || isJSONRPCResponse(value)) return;
  const error = {
    code: ProtocolErrorCode.InvalidParams,
    message: "Invalid params: expected _meta as the protocol has it",
  };
  return { jsonrpc: "2.0", id: message.id, error };
}
