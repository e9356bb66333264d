/** A body is larger than allowed; the rest was not read. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/** How a body is read. */
export interface BodyTextOptions {
  /** In bytes, after decompression. */
  readonly maxBytes: number;
  /**
   * Whether to reject text that is not UTF-8 instead of replacing characters.
   *
   * @default false
   */
  readonly strict?: boolean;
  /**
   * Aborts the reading.
   *
   * @default no signal
   */
  readonly signal?: AbortSignal;
}

/**
 * Reads a body as text up to a limit; a longer one is cancelled, together with its connection.
 *
 * @throws {BodyTooLargeError} as soon as there are more bytes
 * @throws {TypeError} when it is strict and the body is not UTF-8
 * @throws the reason of `signal` when it aborts
 */
export async function readBodyText(
  body: ReadableStream<Uint8Array> | null,
  { maxBytes, strict = false, signal }: BodyTextOptions,
): Promise<string> {
  if (body === null) return "";
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  signal?.addEventListener("abort", leave, { once: true });
  try {
    const decoder = new TextDecoder("utf-8", { fatal: strict });
    let [text, bytes] = ["", 0];
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return text + decoder.decode();
      bytes += value.byteLength;
      if (bytes > maxBytes) throw new BodyTooLargeError(`Cannot read the body as it is larger than ${maxBytes} bytes`);
      text += decoder.decode(value, { stream: true });
    }
  } finally {
    signal?.removeEventListener("abort", leave);
    leave();
  }
}
