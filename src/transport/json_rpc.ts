/** JSON-RPC 2.0 as texts and values: what is a message, and how one is refused. */

import type { JSONRPCMessage, JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";

/** Codes that the specification gives. */
export const PARSE_ERROR = -32700;
export const INVALID_REQUEST = -32600;
export const INTERNAL_ERROR = -32603;
/** The server is too busy or the caller too eager; `data` says when to try again. */
export const SERVER_BUSY = -32000;

/** The error member of an answer. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** What one text holds. */
export type Parsed =
  | { readonly kind: "message"; readonly message: JSONRPCMessage }
  | { readonly kind: "refused"; readonly ids: readonly (RequestId | null)[]; readonly error: RpcError };

/** Refusals that one batch is answered with at the most. */
const MAX_BATCH_ANSWERS = 100;

/** Reads a value that came out of JSON. */
export function readMessage(value: unknown): Parsed {
  if (Array.isArray(value)) return refuseBatch(value);
  if (isMessage(value)) return { kind: "message", message: value };
  const error = { code: INVALID_REQUEST, message: "Invalid request: expected a JSON-RPC 2.0 message" };
  return { kind: "refused", ids: [idOf(value)], error };
}

/** Tells whether a message wants an answer. */
export function isRequest(message: JSONRPCMessage): message is JSONRPCRequest {
  return "method" in message && "id" in message;
}

/** The request that a message cancels. */
export function cancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  const id = message.params?.requestId;
  return isId(id) ? id : undefined;
}

function refuseBatch(batch: readonly unknown[]): Parsed {
  const ids = batch.map(idOf).filter((id) => id !== null).slice(0, MAX_BATCH_ANSWERS);
  const error = {
    code: INVALID_REQUEST,
    message: "Invalid request: batches are not supported, send one message at a time",
  };
  return { kind: "refused", ids: ids.length > 0 ? ids : [null], error };
}

/** The shape of requests, notifications and answers; what their parameters mean is checked where they are used. */
function isMessage(value: unknown): value is JSONRPCMessage {
  if (!isObject(value) || value.jsonrpc !== "2.0") return false;
  const { method, id, params, result, error, jsonrpc: _version, ...rest } = value;
  if (Object.keys(rest).length > 0 || (id !== undefined && !isId(id))) return false;
  if (method === undefined) {
    return id !== undefined && params === undefined && isObject(result) !== (isObject(error) && isErrorMember(error));
  }
  return typeof method === "string" && (params === undefined || isObject(params)) && result === undefined &&
    error === undefined;
}

function isErrorMember(error: Record<string, unknown>): boolean {
  return Number.isSafeInteger(error.code) && typeof error.message === "string";
}

function idOf(value: unknown): RequestId | null {
  return isObject(value) && isId(value.id) ? value.id : null;
}

function isId(value: unknown): value is RequestId {
  return typeof value === "string" || Number.isSafeInteger(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
