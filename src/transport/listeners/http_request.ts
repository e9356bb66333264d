import type { HeaderFields } from "../../network/header_fields.ts";

/**
 * A request over HTTP as listeners hand it on. The web's own `Request` is one; what a listener makes costs less, as what
 * nobody asks for is never made.
 */
export interface HttpRequest {
  readonly method: string;
  /** The whole address, which can be parsed. */
  readonly url: string;
  readonly headers: HeaderFields;
  /** Aborts when the client has left before it had its answer. */
  readonly signal: AbortSignal;
  /** To be asked for once, and read then. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** The whole body, for one that is known to be short; instead of `body`. */
  bytes(): Promise<Uint8Array>;
  /** The same as the web's own, for libraries, which read no body; absent where it is that already. */
  toWeb?(): Request;
}

/**
 * The web's own request.
 *
 * @throws {TypeError} for a request that is neither the web's nor can be made into it
 */
export function webRequestOf(request: HttpRequest): Request {
  if (request instanceof Request) return request;
  if (request.toWeb !== undefined) return request.toWeb();
  throw new TypeError("Cannot make a request of the web as nothing says how");
}
