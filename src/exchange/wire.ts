/** Sends one request and reads its complete response. Interpreting it and repeating are left to others. */

import { BodyTooLargeError, readBodyText } from "../network/body_text.ts";

/** A request that is ready to be sent. */
export interface WireRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A response that was read completely. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Options of {@linkcode sendRequest}. */
export interface WireOptions {
  readonly fetch: typeof fetch;
  readonly client: Deno.HttpClient;
  readonly signal: AbortSignal;
  /** Largest body, in bytes after decompression. */
  readonly maxBytes: number;
}

/**
 * Sends a request and reads its response; does not follow redirects.
 *
 * @throws {BodyTooLargeError} as soon as the body is known to be too large
 * @throws {TypeError} when the connection cannot be established or breaks
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

/**
 * `fetch` for requests that must leave once. When a connection breaks, Deno silently sends a text again (2.7 also over a
 * new connection), but never a stream.
 */
export function fetchOnce(input: string | URL | Request, init: Parameters<typeof fetch>[1]): Promise<Response> {
  return fetch(input, typeof init?.body === "string" ? { ...init, body: new Blob([init.body]) } : init);
}

async function readText({ body, headers }: Response, maxBytes: number): Promise<string> {
  if (!(Number(headers.get("content-length")) > maxBytes)) return await readBodyText(body, { maxBytes });
  await body?.cancel();
  throw new BodyTooLargeError(`Cannot read the body as it is larger than ${maxBytes} bytes`);
}
