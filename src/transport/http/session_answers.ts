/** Answers that sessions give themselves. */

import type { JSONRPCMessage, JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";
import { getLogger } from "../../logging/logger.ts";
import { INVALID_REQUEST, SERVER_BUSY } from "../../errors/rpc_codes.ts";
import { refusalOf, requestIdOf } from "../json_rpc.ts";
import type { RpcError } from "../json_rpc.ts";
import { EVENTS_TYPE, JSON_TYPE } from "./accept.ts";
import { rpcError } from "./rpc_response.ts";

const log = getLogger(["luno-mcp-server", "http"]);

/** The id of an unanswered request was reused. */
export const ID_IN_USE = "id is in use by a request that is not answered yet";

/** The answer to a request that its client cancelled. */
export const CANCELLED: RpcError = { code: SERVER_BUSY, message: "Cancelled by the client" };

const SESSION_ENDED = refusalOf(
  "ERR_SESSION_ENDED",
  "The session ended before this request was answered: whether it took effect is not known",
);

/** The answer to a request that was running when its session, or the server, ended. */
export function unanswered(id: RequestId): JSONRPCMessage {
  return { jsonrpc: "2.0", id, error: SESSION_ENDED };
}

/** 406: the client accepts none of the forms of an answer. */
export function notAcceptable(message?: JSONRPCRequest): Response {
  const text = `Not acceptable: expected Accept with ${message === undefined ? "" : `${JSON_TYPE} or `}${EVENTS_TYPE}`;
  return rpcError({ status: 406, id: message?.id ?? null, error: { code: SERVER_BUSY, message: text } });
}

/** 400: the problem of a request. */
export function refuseInvalid(message: JSONRPCMessage | undefined, problem: string): Response {
  log.debug("message ignored", { problem });
  return rpcError({
    status: 400,
    id: requestIdOf(message),
    error: { code: INVALID_REQUEST, message: `Invalid request: ${problem}` },
  });
}
