/**
 * Requests at `/mcp` that do not need the SDK, and their answers: one JSON value, or one event if the client accepts
 * only that.
 */

import type { JSONRPCRequest } from "@modelcontextprotocol/server";
import { isWriting } from "../../protocol/direct_call.ts";
import { claimedRevision, MODERN_REVISION } from "../../protocol/envelope.ts";
import type { Era } from "../../protocol/envelope.ts";
import type { Answer } from "../../protocol/answer.ts";
import type { PlainCaller, PlainCalls } from "../../protocol/plain_calls.ts";
import type { ReadyAnswers } from "../../protocol/ready_answers.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { answerText } from "../json_rpc.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import { WholeAnswer } from "../listeners/whole_answer.ts";
import { formsOf, JSON_TYPE } from "./accept.ts";
import { EVENT_HEADERS } from "./session_streams.ts";

/** A request that is answered without the SDK. */
export interface PlainRequest {
  readonly message: JSONRPCRequest;
  /** Answers it. Never throws or rejects. */
  readonly answer: (asker: PlainCaller) => Awaitable<Answer>;
  readonly era: Era;
  /** The form of answer that its client accepts. */
  readonly form: "json" | "event";
}

/** Answers without the SDK: calls, and ready-made answers. */
export interface PlainAnswers {
  readonly calls: PlainCalls;
  /** @default the SDK answers lists */
  readonly ready?: ReadyAnswers | undefined;
}

/**
 * The plain request in a message; `undefined` when it is left to the SDK: a call that writes, because a client that
 * loses the stream can get its answer again, and a request for progress. Its parameters are valid.
 */
export function readPlainRequest(
  answers: PlainAnswers,
  { headers }: HttpRequest,
  message: JSONRPCRequest,
): PlainRequest | undefined {
  const { method, params } = message;
  if (params?._meta?.progressToken !== undefined) return undefined;
  const era = eraOf(headers, message);
  const { json, events } = formsOf(headers.get("accept"));
  if (era === undefined || (json === 0 && events === 0)) return undefined;
  const form = json > 0 ? "json" : "event";
  const call = answers.calls.read(message);
  if (call !== undefined) {
    if (isWriting(call.name)) return undefined;
    return {
      message,
      era,
      form,
      answer: ({ caller, cancellation }) => answers.calls.answer(call, { caller, cancellation, era }),
    };
  }
  const { ready } = answers;
  if (ready?.has(method, era) !== true) return undefined;
  return { message, era, form, answer: ({ caller }) => ({ resultJson: ready.answer(method, era, caller) }) };
}

/** The revision of a request; `undefined` when headers and body disagree, which the SDK refuses. */
export function eraOf(headers: HttpRequest["headers"], { method, params }: JSONRPCRequest): Era | undefined {
  const version = headers.get("mcp-protocol-version");
  const revision = claimedRevision(params);
  if (revision === undefined) return version === null || version < MODERN_REVISION ? "legacy" : undefined;
  const isNamed = method !== "tools/call" || headers.get("mcp-name") === params?.name;
  const isAgreed = revision === MODERN_REVISION && version === revision && headers.get("mcp-method") === method;
  return isAgreed && isNamed ? "modern" : undefined;
}

const JSON_HEADERS = { "content-type": JSON_TYPE };

/** The HTTP answer to a plain request. */
export function wholeAnswer({ message, form }: PlainRequest, answer: Answer): WholeAnswer {
  const text = answerText(message.id, answer);
  if (form === "json") return new WholeAnswer(text, JSON_HEADERS);
  return new WholeAnswer(`event: message\ndata: ${text}\n\n`, EVENT_HEADERS);
}
