import type { HeaderFields } from "../../network/header_fields.ts";

/**
 * An HTTP request of a listener. The platform's `Request` satisfies it; a listener's own object is cheaper, because it
 * computes properties only when they are read.
 */
export interface HttpRequest {
  readonly method: string;
  /** The complete address, which can be parsed. */
  readonly url: string;
  readonly headers: HeaderFields;
  /** Aborts when the client leaves before its response is complete. */
  readonly signal: AbortSignal;
  /** Read it at most once, and then consume it. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** The whole body, if it is known to be short; instead of `body`. */
  bytes(): Promise<Uint8Array>;
  /**
   * The request as the platform's `Request`, for libraries, which do not read the body; absent when it already is one.
   */
  toWeb?(): Request;
}

/**
 * The platform's `Request`.
 *
 * @throws {TypeError} when the request is not one and cannot be converted
 */
export function webRequestOf(request: HttpRequest): Request {
  if (request instanceof Request) return request;
  if (request.toWeb !== undefined) return request.toWeb();
  throw new TypeError("Cannot make a request of the web as nothing says how");
}
