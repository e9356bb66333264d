/** The refusals of the Streamable HTTP endpoint: JSON-RPC errors with their HTTP statuses. */

import type { JSONRPCMessage, JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";
import { INTERNAL_ERROR, INVALID_REQUEST, PARSE_ERROR, SESSION_NOT_FOUND } from "../../errors/rpc_codes.ts";
import { findInvalidMeta, findInvalidParams } from "../../protocol/invalid_params.ts";
import { invalidParams, isRequest, refusalOf, requestIdOf } from "../json_rpc.ts";
import type { RpcError } from "../json_rpc.ts";
import type { JsonBody } from "./request_body.ts";
import { rpcError } from "./rpc_response.ts";

/** The methods of the endpoint. */
export const METHODS = ["GET", "POST", "DELETE"];

/** When a client may try again after there was no room, in milliseconds. */
const RETRY_AFTER_MS = 60_000;

/** A body that is too large, too slow or not JSON. */
export function unreadableBody({ status, message }: Extract<JsonBody, { text?: undefined }>): Response {
  return rpcError({ status, error: { code: status === 400 ? PARSE_ERROR : INVALID_REQUEST, message } });
}

/** 400: one error for each request of a batch. */
export function refuseUnread([id = null, ...more]: readonly (RequestId | null)[], error: RpcError): Response {
  if (more.length === 0) return rpcError({ status: 400, id, error });
  return Response.json([id, ...more].map((id) => ({ jsonrpc: "2.0", id, error })), { status: 400 });
}

/** A request with invalid parameters is answered like any other; a message that is not a request is refused. */
export function refuseParams(message: JSONRPCMessage): Response | undefined {
  const params = "params" in message ? message.params : undefined;
  const problem = isRequest(message) ? findInvalidParams(message) : findInvalidMeta(params);
  if (problem === undefined) return undefined;
  const status = findInvalidMeta(params) === undefined ? 200 : 400;
  return rpcError({ status, id: requestIdOf(message), error: invalidParams(problem) });
}

/** 400: the message belongs to no session. */
export function missingSession(message?: JSONRPCMessage): Response {
  const text = "Bad request: expected an Mcp-Session-Id header, or initialize, or a request of 2026-07-28";
  return rpcError({ status: 400, id: requestIdOf(message), error: { code: INVALID_REQUEST, message: text } });
}

/** 404: the session has ended, or belongs to another client. */
export function unknownSession(message?: JSONRPCMessage): Response {
  const error = { code: SESSION_NOT_FOUND, message: "Session not found" };
  return rpcError({ status: 404, id: requestIdOf(message), error });
}

/** 405 with the methods of the endpoint. */
export function methodNotAllowed(method: string): Response {
  const error = { code: INVALID_REQUEST, message: `Method not allowed: ${method.slice(0, 20)}` };
  return rpcError({ status: 405, error, headers: { allow: METHODS.join(", ") } });
}

/** 503: the server has no more room. */
export function busy(reason: string, message?: JSONRPCMessage): Response {
  const headers = { "retry-after": String(RETRY_AFTER_MS / 1_000) };
  return rpcError({ status: 503, id: requestIdOf(message), error: tooMany(reason), headers });
}

/** 429: this client has exceeded a limit. */
export function refused(id: RequestId | null, error: RpcError): Response {
  const seconds = Math.ceil(retryAfterMs(error) / 1_000);
  return rpcError({ status: 429, id, error, headers: { "retry-after": String(seconds) } });
}

/** 429: this client has too many sessions. */
export function tooManySessions(message: JSONRPCRequest): Response {
  return refused(message.id, tooMany("Too many sessions of this client"));
}

/** 500; the log has the reason. */
export function internalError(): Response {
  return rpcError({ status: 500, error: { code: INTERNAL_ERROR, message: "Internal error" } });
}

function tooMany(message: string): RpcError {
  return refusalOf("ERR_BUSY", message, RETRY_AFTER_MS);
}

function retryAfterMs({ data }: RpcError): number {
  if (typeof data !== "object" || data === null || !("retryAfterMs" in data)) return RETRY_AFTER_MS;
  return typeof data.retryAfterMs === "number" ? data.retryAfterMs : RETRY_AFTER_MS;
}
