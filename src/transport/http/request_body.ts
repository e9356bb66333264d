/** Reads a request's body as JSON: checks its type, and limits size, time and depth while it arrives. */

import { isJsonContentType } from "@modelcontextprotocol/server";
import { BodyTooLargeError, readBodyText } from "../../network/body_text.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { Deadline } from "../../timing/deadline.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import { findExcess } from "../json_rpc.ts";

/** Time limit of a body, in milliseconds, when the listener has none of its own. */
const BODY_TIMEOUT_MS = 10_000;

/** Limits of a body. */
export interface BodyLimits {
  /** In bytes. */
  readonly maxSize: number;
  /**
   * From now until the last byte.
   *
   * @default 10_000
   */
  readonly timeoutMs?: number;
}

/** A body, or why there is none: an HTTP status and a sentence. `value` is `undefined` for an empty body. */
export type JsonBody =
  | { readonly ok: true; readonly value: unknown; readonly text: string }
  | Unreadable & { readonly text?: undefined }
  // A text that is not JSON, is nested too deeply, or contains too much.
  | Unreadable & { readonly text: string };

interface Unreadable {
  readonly ok: false;
  readonly status: 400 | 408 | 413 | 415;
  readonly message: string;
}

/** A body up to this length is read at once instead of in pieces, if the request states its length; in bytes. */
const SHORT_BODY = 16_384;

/** Reads a request's body. When an object has a member twice, the last one counts; `text` contains both. */
export function readJsonBody(request: HttpRequest, limits: BodyLimits): Awaitable<JsonBody> {
  const { headers } = request;
  const length = headers.get("content-length");
  const contentType = headers.get("content-type");
  const isTyped = isJson(contentType);
  // An empty body needs no content type.
  if (!isTyped && (contentType !== null || Number(length) > 0)) return UNTYPED;
  if ((headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") {
    return { ok: false, status: 415, message: "Unsupported media type: expected no Content-Encoding" };
  }
  if (Number(length) > limits.maxSize) return tooLarge(limits.maxSize);
  const isShort = length !== null && Number(length) <= SHORT_BODY;
  const toBody = (read: string | JsonBody): JsonBody => {
    if (typeof read !== "string") return read;
    return isTyped || read === "" ? parse(read) : UNTYPED;
  };
  return isShort ? readShort(request, limits, toBody) : readInPieces(request, limits).then(toBody);
}

function isJson(contentType: string | null): boolean {
  return contentType === "application/json" || isJsonContentType(contentType);
}

const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** What a lenient decoder writes for invalid UTF-8; it may also be part of the text. */
const REPLACEMENT = "\ufffd";

/** Turns of promises that a listener needs to provide a body that arrived with its head, with a margin. */
const READY_TURNS = 8;

/** Reads a body whose length the protocol enforces. Most have arrived with their heads, and need no timer. */
async function readShort(
  request: HttpRequest,
  { timeoutMs = BODY_TIMEOUT_MS }: BodyLimits,
  toBody: (read: string | JsonBody) => JsonBody,
): Promise<JsonBody> {
  let read: string | JsonBody | undefined;
  const reading = request.bytes().then((bytes) => read = textOf(bytes), () => read = BROKEN);
  for (let turn = 0; turn < READY_TURNS && read === undefined; turn++) await undefined;
  return toBody(read ?? await within(reading, timeoutMs));
}

function textOf(bytes: Uint8Array): string | JsonBody {
  try {
    const text = decoder.decode(bytes);
    // The strict decoder takes several times as long.
    return text.includes(REPLACEMENT) ? strictDecoder.decode(bytes) : text;
  } catch {
    return BROKEN;
  }
}

async function within(reading: Promise<string | JsonBody>, timeoutMs: number): Promise<string | JsonBody> {
  const { promise: late, resolve } = Promise.withResolvers<JsonBody>();
  const timer = setTimeout(() => resolve(LATE), timeoutMs);
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readInPieces(
  { body }: HttpRequest,
  { maxSize, timeoutMs = BODY_TIMEOUT_MS }: BodyLimits,
): Promise<string | JsonBody> {
  using deadline = new Deadline(timeoutMs);
  try {
    return await readBodyText(body, { maxBytes: maxSize, strict: true, signal: deadline.signal });
  } catch (error) {
    if (deadline.signal.aborted) return LATE;
    return error instanceof BodyTooLargeError ? tooLarge(maxSize) : BROKEN;
  }
}

function parse(text: string): JsonBody {
  if (isBlank(text)) return { ok: true, value: undefined, text };
  const excess = findExcess(text);
  if (excess !== undefined) return { ...malformed(excess), text };
  try {
    return { ok: true, value: JSON.parse(text), text };
  } catch {
    return { ...malformed("expected one JSON value"), text };
  }
}

function isBlank(text: string): boolean {
  return !text.startsWith("{") && text.trim() === "";
}

const LATE: JsonBody = { ok: false, status: 408, message: "The body did not arrive in time" };

const UNTYPED: JsonBody = {
  ok: false,
  status: 415,
  message: "Unsupported media type: expected Content-Type application/json",
};

const BROKEN = malformed("expected a whole body in UTF-8");

function tooLarge(maxSize: number): JsonBody {
  return { ok: false, status: 413, message: `Body too large: expected at most ${maxSize} bytes` };
}

function malformed(expected: string): JsonBody {
  return { ok: false, status: 400, message: `Malformed body: ${expected}` };
}
