/** Reads the form body of a request, and no more of it than an order can need. */

const MAX_BODY_BYTES = 64 * 1024;

/** A body beyond 64 KiB. */
export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/**
 * The fields of a form body; none when there is no body or it is of another type.
 *
 * @throws {BodyTooLarge} when the body is longer than 64 KiB
 */
export async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get("content-type") ?? "";
  const text = await readText(request.body);
  return new URLSearchParams(type.toLowerCase().startsWith("application/x-www-form-urlencoded") ? text : "");
}

/** Reads a body of at most 64 KiB as text. */
export async function readText(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new BodyTooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
