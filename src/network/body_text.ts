/** A body is longer than allowed; the rest was not read. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/** How a body is read. */
export interface BodyTextOptions {
  /** After decompression. */
  readonly maxBytes: number;
  /** Whether anything else than UTF-8 is refused instead of replaced. @default false */
  readonly strict?: boolean;
}

/**
 * Reads a body as text, and no more of it than allowed; what is too long is cancelled, and its connection with it.
 *
 * @throws {BodyTooLargeError} as soon as there are more bytes
 * @throws {TypeError} when it is strict and the body is not UTF-8
 */
export async function readBodyText(
  body: ReadableStream<Uint8Array> | null,
  { maxBytes, strict = false }: BodyTextOptions,
): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder("utf-8", { fatal: strict });
  let bytes = 0;
  let text = "";
  // Leaving the loop early cancels the stream.
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new BodyTooLargeError(`Cannot read the body as it is larger than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
