import { ReceivedFields } from "../../network/header_fields.ts";
import type { HeaderFields } from "../../network/header_fields.ts";
import { parseUrl } from "../../network/parse_url.ts";
import type { HttpRequest } from "./http_request.ts";
import { isPlainlyTransferred, isSameHost, soundUrl } from "./websocket_handshake.ts";

/** The header fields of a runtime's request, read once. */
export function fieldsOf({ headers }: Request): ReceivedFields {
  const fields = new ReceivedFields();
  // In lower case; only `set-cookie`, which is of responses, may come twice.
  headers.forEach((value, name) => fields.add(name, value));
  return fields;
}

/** A runtime's request, with a parsable address and a `Host`, for which HTTP/2 has another name. */
export class NativeRequest implements HttpRequest {
  readonly url: string;
  readonly headers: HeaderFields;
  readonly #request: Request;

  private constructor(request: Request, { url, fields }: { readonly url: string; readonly fields: HeaderFields }) {
    this.#request = request;
    this.url = url;
    this.headers = fields;
  }

  /**
   * The request; `undefined` when its address cannot be parsed, or has another host than `Host`, or its body has a transfer coding other
   * than `chunked`.
   */
  static of(request: Request, fields: ReceivedFields): NativeRequest | undefined {
    const url = soundUrl(request.url);
    const host = fields.get("host");
    if (url === undefined || (host !== null && !isSameHost(url, host))) return undefined;
    if (!isPlainlyTransferred(fields.get("transfer-encoding"))) return undefined;
    if (host === null) fields.append("host", parseUrl(url)?.host ?? "");
    return new NativeRequest(request, { url, fields });
  }

  get method(): string {
    return this.#request.method;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#request.body;
  }

  bytes(): Promise<Uint8Array> {
    return this.#request.bytes();
  }

  toWeb(): Request {
    const request = this.#request;
    if (this.url === request.url && request.headers.has("host")) return request;
    const { method, signal } = request;
    return new Request(this.url, { method, headers: [...this.headers], signal });
  }
}
