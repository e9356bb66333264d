/** Reads the form body of a request, up to the size that an order can need. */

import { readBodyText } from "../../network/body_text.ts";

const MAX_BODY_BYTES = 64 * 1024;

/**
 * The fields of a form body; none when there is no body, or it has another type.
 *
 * @throws {BodyTooLargeError} when the body is longer than 64 KiB
 */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get("content-type") ?? "";
  const text = await readText(request.body);
  return new URLSearchParams(type.toLowerCase().startsWith("application/x-www-form-urlencoded") ? text : "");
}

/** Reads a body of at most 64 KiB as text. */
export async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  return await readBodyText(body, { maxBytes: MAX_BODY_BYTES });
}
