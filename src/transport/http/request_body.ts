/** A request's body as JSON: its type checked, its size, time and depth bounded while it arrives. */

import { isJsonContentType } from "@modelcontextprotocol/server";
import { BodyTooLargeError, readBodyText } from "../../network/body_text.ts";
import { Deadline } from "../../timing/deadline.ts";
import { isDeeper, MAX_DEPTH } from "../json_rpc.ts";

/** For a body to arrive in, in milliseconds, where the listener has no time-out of its own. */
const BODY_TIMEOUT_MS = 10_000;

/** How a body is bounded. */
export interface BodyLimits {
  /** In bytes. */
  readonly maxSize: number;
  /** From now until the last byte. @default 10_000 */
  readonly timeoutMs?: number;
}

/** A body, or why there is none: an HTTP status and a sentence. `value` is `undefined` for an empty body. */
export type JsonBody =
  | { readonly ok: true; readonly value: unknown; readonly text: string }
  | { readonly ok: false; readonly status: 400 | 408 | 413 | 415; readonly message: string };

/** Reads a request's body. Of a name that an object has twice, the last one counts; `text` shows them both. */
export async function readJsonBody(
  request: Request,
  { maxSize, timeoutMs = BODY_TIMEOUT_MS }: BodyLimits,
): Promise<JsonBody> {
  const isTyped = isJsonContentType(request.headers.get("content-type"));
  // An empty body needs no content type.
  const isNothing = request.headers.get("content-type") === null &&
    !(Number(request.headers.get("content-length")) > 0);
  if (!isTyped && !isNothing) return UNTYPED;
  if ((request.headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity") {
    return { ok: false, status: 415, message: "Unsupported media type: expected no Content-Encoding" };
  }
  if (Number(request.headers.get("content-length")) > maxSize) return tooLarge(maxSize);
  if (request.body === null) return { ok: true, value: undefined, text: "" };
  using deadline = new Deadline(timeoutMs);
  try {
    const text = await readBodyText(request.body, { maxBytes: maxSize, strict: true, signal: deadline.signal });
    return isTyped || text === "" ? parse(text) : UNTYPED;
  } catch (error) {
    if (deadline.signal.aborted) return LATE;
    return error instanceof BodyTooLargeError ? tooLarge(maxSize) : malformed("expected a whole body in UTF-8");
  }
}

function parse(text: string): JsonBody {
  if (text.trim() === "") return { ok: true, value: undefined, text };
  if (isDeeper(text, MAX_DEPTH)) return malformed(`expected at most ${MAX_DEPTH} levels`);
  try {
    return { ok: true, value: JSON.parse(text), text };
  } catch {
    return malformed("expected one JSON value");
  }
}

const LATE: JsonBody = { ok: false, status: 408, message: "The body did not arrive in time" };

const UNTYPED: JsonBody = {
  ok: false,
  status: 415,
  message: "Unsupported media type: expected Content-Type application/json",
};

function tooLarge(maxSize: number): JsonBody {
  return { ok: false, status: 413, message: `Body too large: expected at most ${maxSize} bytes` };
}

function malformed(expected: string): JsonBody {
  return { ok: false, status: 400, message: `Malformed body: ${expected}` };
}
