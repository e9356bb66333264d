/** Corrects answers that the SDK gives alike in every protocol revision although they differ. */

import type { JSONRPCMessage, JSONRPCRequest, JSONRPCResultResponse } from "@modelcontextprotocol/server";
import { INVALID_PARAMS, RESOURCE_NOT_FOUND } from "../errors/rpc_codes.ts";
import { claimsRevision } from "./envelope.ts";
import { isObject } from "../validation/is_object.ts";

const SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId";

/** The same answer with the error code of its request's revision. */
export function inRevisionOf({ method, params }: JSONRPCRequest, answer: JSONRPCMessage): JSONRPCMessage {
  if (method !== "resources/read" || !("error" in answer) || claimsRevision(params)) return answer;
  const { code, data } = answer.error;
  const isMissing = code === INVALID_PARAMS && isObject(data) && "uri" in data;
  return isMissing ? { ...answer, error: { ...answer.error, code: RESOURCE_NOT_FOUND } } : answer;
}

/**
 * The answer that ends a subscription to nothing: over HTTP the SDK sends it, on other connections it would leave the
 * request open.
 */
export function endedSubscription(message: JSONRPCMessage): JSONRPCResultResponse | undefined {
  if (!("method" in message) || message.method !== "notifications/subscriptions/acknowledged") return undefined;
  const { notifications, _meta } = message.params ?? {};
  const id = isObject(_meta) ? _meta[SUBSCRIPTION_KEY] : undefined;
  if (!isObject(notifications) || Object.keys(notifications).length > 0) return undefined;
  if (typeof id !== "string" && typeof id !== "number") return undefined;
  return { jsonrpc: "2.0", id, result: { resultType: "complete", _meta: { [SUBSCRIPTION_KEY]: id } } };
}
