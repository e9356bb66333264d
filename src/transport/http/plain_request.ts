/** Which requests at `/mcp` are plain calls, and their answers: one JSON value, or one event where the client takes only that. */

import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { isWriting } from "../../protocol/direct_call.ts";
import { claimedRevision, MODERN_REVISION } from "../../protocol/envelope.ts";
import type { Era } from "../../protocol/envelope.ts";
import type { Answer } from "../../protocol/answer.ts";
import type { PlainCall, PlainCalls } from "../../protocol/plain_calls.ts";
import { answerText } from "../json_rpc.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import { WholeResponse } from "../listeners/whole_response.ts";
import { formsOf, JSON_TYPE } from "./accept.ts";
import { EVENT_HEADERS } from "./session_streams.ts";

/** A request that is answered without the SDK. */
export interface PlainRequest {
  readonly message: JSONRPCRequest;
  /** What answers it. */
  readonly calls: PlainCalls;
  readonly call: PlainCall;
  readonly era: Era;
  /** In which its client takes the answer. */
  readonly form: "json" | "event";
}

/**
 * The plain call that a request is; `undefined` where it is the SDK's. What writes is the SDK's too, as the answer in its
 * stream can be had again by a client that lost it, and a request for progress. Its parameters are valid.
 */
export function readPlainRequest(
  calls: PlainCalls,
  { headers }: HttpRequest,
  message: JSONRPCRequest,
): PlainRequest | undefined {
  const call = calls.read(message);
  if (call === undefined || isWriting(call.name)) return undefined;
  if (message.params?._meta?.progressToken !== undefined) return undefined;
  const era = eraOf(headers, { revision: claimedRevision(message.params), name: call.name });
  const { json, events } = formsOf(headers.get("accept"));
  if (era === undefined || (json === 0 && events === 0)) return undefined;
  return { message, calls, call, era, form: json > 0 ? "json" : "event" };
}

/** `undefined` where the headers do not say what the body says, which is for the SDK to refuse. */
function eraOf(
  headers: HttpRequest["headers"],
  { revision, name }: { readonly revision: unknown; readonly name: string },
): Era | undefined {
  const version = headers.get("mcp-protocol-version");
  if (revision === undefined) return version === null || version < MODERN_REVISION ? "legacy" : undefined;
  const isAgreed = revision === MODERN_REVISION && version === revision &&
    headers.get("mcp-method") === "tools/call" && headers.get("mcp-name") === name;
  return isAgreed ? "modern" : undefined;
}

/** The response with an answer; `headers` are those of its session. */
export function plainResponse(
  { message, form }: PlainRequest,
  answer: Answer,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const text = answerText(message.id, answer);
  if (form === "json") return new WholeResponse({ text, headers: { "content-type": JSON_TYPE, ...headers } });
  return new WholeResponse({ text: `event: message\ndata: ${text}\n\n`, headers: { ...EVENT_HEADERS, ...headers } });
}
