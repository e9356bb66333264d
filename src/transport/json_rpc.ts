/** JSON-RPC 2.0 as text and as values: parsing, validating and refusing messages. */

import type { JSONRPCMessage, JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";
import { ERRORS } from "../errors/error_table.ts";
import type { RpcErrorCode } from "../errors/error_table.ts";
import { INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR } from "../errors/rpc_codes.ts";
import { isWriting } from "../protocol/direct_call.ts";
import type { Answer } from "../protocol/answer.ts";
import { findDuplicateMember } from "../validation/duplicate_members.ts";
import { findRequestId } from "./request_id.ts";
import { isObject } from "../validation/is_object.ts";

export type { JSONRPCRequest };

/** The error member of an answer. */
export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** The content of one text; a refusal is sent once for each of `ids`. */
export type Parsed =
  | { readonly kind: "message"; readonly message: JSONRPCMessage }
  | { readonly kind: "refused"; readonly ids: readonly (RequestId | null)[]; readonly error: RpcError };

/** The most refusals for one batch. */
const MAX_BATCH_ANSWERS = 100;

/** The deepest nesting of objects and arrays; far above that of our schemas. */
const MAX_DEPTH = 100;

/** The most members of objects and items of arrays in all, as validating them blocks others. */
const MAX_VALUES = 5_000;

/** Parses a text that should contain one message. */
export function readText(text: string): Parsed {
  const unread = (error: RpcError): Parsed => ({ kind: "refused", ids: [findRequestId({ head: text })], error });
  const excess = findExcess(text);
  if (excess !== undefined) return unread(invalidRequest(excess));
  try {
    const read = readMessage(JSON.parse(text));
    return read.kind === "message" ? refuseDuplicates(read.message, text) ?? read : read;
  } catch {
    return unread({ code: PARSE_ERROR, message: "Parse error: expected one JSON value" });
  }
}

/**
 * In requests that write, including answers to questions, members must not repeat; elsewhere the last of two counts.
 */
export function refuseDuplicates(message: JSONRPCMessage, text: string): Parsed | undefined {
  if ("method" in message) {
    const { method, params } = message;
    if (!isWriting(method === "tools/call" ? params?.name : method)) return undefined;
  }
  const name = findDuplicateMember(text);
  if (name === undefined) return undefined;
  const ids = isRequest(message) ? [message.id] : [];
  return { kind: "refused", ids, error: invalidRequest(`a member is there twice: ${JSON.stringify(name)}`) };
}

/** Validates a parsed value. */
export function readMessage(value: unknown): Parsed {
  if (Array.isArray(value)) {
    const error = invalidRequest("batches are not supported, send one message at a time");
    return { kind: "refused", ids: idsOf(value.slice(0, MAX_BATCH_ANSWERS)), error };
  }
  if (!isObject(value)) {
    return { kind: "refused", ids: [null], error: invalidRequest("expected an object: a JSON-RPC 2.0 message") };
  }
  const unaddressed = value.id === null ? unaddressedError(value) : undefined;
  if (unaddressed !== undefined) return { kind: "message", message: unaddressed };
  const problem = findProblem(value);
  if (problem !== undefined) return { kind: "refused", ids: idsOf([value]), error: invalidRequest(problem) };
  if (isMessage(value)) return { kind: "message", message: value };
  // Positional parameters are valid JSON-RPC; notifications get no answer.
  const ids = value.id === undefined ? [] : idsOf([value]);
  return { kind: "refused", ids, error: invalidParams("params must be an object of named members") };
}

/** The text of an answer, with the SDK's order of members. */
export function answerText(id: RequestId | null, answer: Answer): string {
  const message = `"jsonrpc":"2.0","id":${typeof id === "number" ? id : JSON.stringify(id)}`;
  if ("error" in answer) return `{${message},"error":${JSON.stringify(answer.error)}}`;
  const result = "resultJson" in answer ? answer.resultJson : JSON.stringify(answer.result);
  return `{"result":${result},${message}}`;
}

/** The refusal of a request with invalid parameters; `problem` names the member. */
export function invalidParams(problem: string): RpcError {
  return { code: INVALID_PARAMS, message: `Invalid params: ${problem}` };
}

/** The refusal of a request with a code of the error table; `data` has the code and when to try again. */
export function refusalOf(code: RpcErrorCode, message: string, retryAfterMs?: number): RpcError {
  const { rpc, retry } = ERRORS[code];
  const when = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { code: rpc, message, data: { code, retryable: retry !== "no", ...when } };
}

/** Tells whether a message is a request. */
export function isRequest(message: JSONRPCMessage): message is JSONRPCRequest {
  return "method" in message && "id" in message;
}

/** The id of a request; `null` for other messages, and for none. */
export function requestIdOf(message: JSONRPCMessage | undefined): RequestId | null {
  return message !== undefined && isRequest(message) ? message.id : null;
}

/** The id of the request that a message cancels. */
export function cancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  const id = message.params?.requestId;
  return isId(id) ? id : undefined;
}

function invalidRequest(problem: string): RpcError {
  return { code: INVALID_REQUEST, message: `Invalid request: ${problem}` };
}

/**
 * The ids to answer; `null` when there is none, and for a response, whose id is not that of a request of its sender.
 */
function idsOf(values: readonly unknown[]): readonly (RequestId | null)[] {
  const ids = values.flatMap((value) => isObject(value) && !isAnswer(value) && isId(value.id) ? [value.id] : []);
  return ids.length > 0 ? ids : [null];
}

/** What an id is. A larger number was rounded when it was parsed, so the client would not recognize it. */
const ID = "a string or an integer";
const ID_OF_NUMBERS = `${ID} up to ${Number.MAX_SAFE_INTEGER}`;

/** The allowed members of a message. */
const MEMBERS: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params", "result", "error"]);

/** The problem of a message's shape, apart from the meaning of its parameters. */
function findProblem(message: Record<string, unknown>) {
  const { jsonrpc, id, method, params, result, error } = message;
  if (jsonrpc !== "2.0") return 'jsonrpc must be "2.0"';
  for (const name in message) {
    if (!MEMBERS.has(name)) return `${JSON.stringify(name.slice(0, 60))} is no member of a message`;
  }
  if (id !== undefined && !isId(id)) return `id must be ${Number.isInteger(id) ? ID_OF_NUMBERS : ID}`;
  if (method !== undefined) {
    if (typeof method !== "string") return "method must be a string";
    if (result !== undefined || error !== undefined) return "a message with a method has neither result nor error";
    return undefined;
  }
  if (result === undefined && error === undefined) return "method is missing";
  if ((id === undefined && error === undefined) || params !== undefined) return "an answer has an id and no params";
  if (result !== undefined && error !== undefined) return "an answer has either result or error";
  if (result !== undefined) return isObject(result) ? undefined : "result must be an object";
  return isErrorMember(error) ? undefined : "error must have an integer code and a message";
}

/** Whether a validated value can be passed on as a message. */
function isMessage(value: Record<string, unknown>): value is JSONRPCMessage & Record<string, unknown> {
  return value.params === undefined || isObject(value.params);
}

function isAnswer(value: Record<string, unknown>): boolean {
  return value.method === undefined && (value.result !== undefined || value.error !== undefined);
}

/** The error of a client that found no id: answering it with an error could loop forever. */
function unaddressedError({ id: _id, ...rest }: Record<string, unknown>): JSONRPCMessage | undefined {
  return isAnswer(rest) && findProblem(rest) === undefined && isMessage(rest) ? rest : undefined;
}

function isErrorMember(error: unknown): boolean {
  return isObject(error) && Number.isSafeInteger(error.code) && typeof error.message === "string";
}

/** Why a text must not be parsed, even if it is JSON: it is nested too deeply, or contains too much. */
export function findExcess(text: string): string | undefined {
  const isShallow = countOf("{", text, MAX_DEPTH) + countOf("[", text, MAX_DEPTH) <= MAX_DEPTH;
  const isSmall = text.length <= MAX_VALUES || countOf(",", text, MAX_VALUES) < MAX_VALUES;
  if (isShallow && isSmall) return undefined;
  let depth = 0;
  let values = 1;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '"') isString = !isString;
    else if (isString) at += char === "\\" ? 1 : 0;
    else if (char === "[" || char === "{") depth++;
    else if (char === "]" || char === "}") depth--;
    else if (char === ",") values++;
    if (depth > MAX_DEPTH) return `expected at most ${MAX_DEPTH} levels`;
    if (values > MAX_VALUES) return `expected at most ${MAX_VALUES} members and items`;
  }
  return undefined;
}

/** The number of occurrences of a character in a text, counted up to `limit`. */
function countOf(char: string, text: string, limit: number): number {
  let count = 0;
  for (let at = text.indexOf(char); at !== -1 && count <= limit; at = text.indexOf(char, at + 1)) count++;
  return count;
}

function isId(value: unknown): value is RequestId {
  return typeof value === "string" || Number.isSafeInteger(value);
}
