/**
 * One request and its whole answer. Leaves to others what the answer means and whether to ask again.
 */

import { BodyTooLargeError, readBodyText } from "../network/body_text.ts";

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

/** How {@linkcode sendRequest} works. */
export interface WireOptions {
  readonly fetch: typeof fetch;
  readonly client: Deno.HttpClient;
  readonly signal: AbortSignal;
  /** Largest body, in bytes after decompression. */
  readonly maxBytes: number;
}

/**
 * Sends a request and reads its answer; follows no redirect.
 *
 * @throws {BodyTooLargeError} as soon as the body is known to be too large
 * @throws {TypeError} when the connection cannot be made or breaks
 */
export async function sendRequest(request: WireRequest, options: WireOptions): Promise<WireAnswer> {
  const { url, ...init } = request;
  const response = await options.fetch(url, {
    ...init,
    redirect: "error",
    signal: options.signal,
    client: options.client,
  });
  return { status: response.status, headers: response.headers, body: await readText(response, options.maxBytes) };
}

async function readText({ body, headers }: Response, maxBytes: number): Promise<string> {
  if (!(Number(headers.get("content-length")) > maxBytes)) return await readBodyText(body, { maxBytes });
  await body?.cancel();
  throw new BodyTooLargeError(`Cannot read the body as it is larger than ${maxBytes} bytes`);
}
