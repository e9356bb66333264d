/**
 * One request and its whole answer. Leaves to others what the answer means and whether to ask again.
 */

/** A request that is ready to be sent. */
export interface WireRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer that was read to its end. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** How {@linkcode exchange} works. */
export interface WireOptions {
  readonly fetch: typeof fetch;
  readonly client: Deno.HttpClient;
  readonly signal: AbortSignal;
  /** Largest body, in bytes after decompression. */
  readonly maxBytes: number;
}

/** The body is larger than allowed; the rest was not read. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/**
 * Sends a request and reads its answer; follows no redirect.
 *
 * @throws {BodyTooLargeError} as soon as the body is known to be too large
 * @throws {TypeError} when the connection cannot be made or breaks
 */
export async function exchange(request: WireRequest, options: WireOptions): Promise<WireAnswer> {
  const { url, ...init } = request;
  const response = await options.fetch(url, {
    ...init,
    redirect: "error",
    signal: options.signal,
    client: options.client,
  });
  return { status: response.status, headers: response.headers, body: await readText(response, options.maxBytes) };
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  if (response.body === null) return "";
  if (Number(response.headers.get("content-length")) > maxBytes) {
    await response.body.cancel();
    throw new BodyTooLargeError(`Cannot read the body as it is larger than ${maxBytes} bytes`);
  }
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  // Leaving the loop early cancels the stream, and with it the connection.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new BodyTooLargeError(`Cannot read the body as it is larger than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
