import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import { ReceivedFields } from "../../network/header_fields.ts";
import type { HeaderFields } from "../../network/header_fields.ts";
import type { HttpRequest } from "./http_request.ts";
import { isPlainlyTransferred, isSameHost, soundUrl } from "./websocket_handshake.ts";

/** Methods that the platform's `Request` cannot have. */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["TRACE", "TRACK", "CONNECT"]);

/** Accepted HTTP versions; the parser accepts others too. */
const VERSIONS: ReadonlySet<string> = new Set(["1.0", "1.1"]);

/** A path or a complete address; a backslash would be read as a slash. */
const TARGET = /^(?:\/|https?:\/\/)[^\\?]*(?:\?|$)/i;

/** Whether the platform forbids a method. */
export function isForbiddenMethod(method: string | undefined): boolean {
  return method !== undefined && FORBIDDEN_METHODS.has(method);
}

/** A request that `node:http` has parsed. */
export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: HeaderFields;
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse | undefined;
  #controller: AbortController | undefined;
  #web: Request | undefined;

  private constructor(incoming: IncomingMessage, url: string, outgoing: ServerResponse | undefined) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.method = incoming.method ?? "GET";
    this.url = url;
    this.headers = fieldsOf(incoming);
  }

  /**
   * The request; `undefined` when its version, address, `Host`, method or transfer coding is not allowed. Repeated headers are
   * joined by a comma, even where `node:http` would keep only the first. Without `outgoing`, it is not reported when the
   * client leaves.
   */
  static of(incoming: IncomingMessage, outgoing?: ServerResponse): NodeRequest | undefined {
    const target = incoming.url ?? "/";
    if (!VERSIONS.has(incoming.httpVersion)) return undefined;
    if (!hasOneHost(incoming) || !TARGET.test(target) || isForbiddenMethod(incoming.method)) return undefined;
    const host = incoming.headers.host ?? "localhost";
    if (!isSameHost(target, host) || !isPlainlyTransferred(incoming.headers["transfer-encoding"])) return undefined;
    const scheme = incoming.socket instanceof TLSSocket ? "https" : "http";
    const url = soundUrl(target.startsWith("/") ? `${scheme}://${host}${target}` : target);
    return url === undefined ? undefined : new NodeRequest(incoming, url, outgoing);
  }

  get signal(): AbortSignal {
    return (this.#controller ??= this.#watch()).signal;
  }

  get body(): ReadableStream<Uint8Array> | null {
    if (this.method === "GET" || this.method === "HEAD") return null;
    return Readable.toWeb(this.#incoming) as ReadableStream<Uint8Array>;
  }

  async bytes(): Promise<Uint8Array> {
    const incoming = this.#incoming;
    const chunks: Buffer[] = [];
    // Data that arrived with the head is parsed afterwards, and is available in the next turn.
    await undefined;
    // One piece at a time, however many have arrived.
    for (let chunk = nextOf(incoming); chunk !== null; chunk = nextOf(incoming)) chunks.push(chunk);
    const [first] = chunks;
    if (first !== undefined) return chunks.length === 1 ? first : Buffer.concat(chunks);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.once("end", () => resolve(Buffer.concat(chunks)));
    incoming.once("error", reject);
    incoming.once("close", () => reject(new TypeError("Cannot read the body as its client has left")));
    return await promise;
  }

  toWeb(): Request {
    const { method, url, signal } = this;
    return this.#web ??= new Request(url, { method, headers: [...this.headers], signal });
  }

  #watch(): AbortController {
    const controller = new AbortController();
    const outgoing = this.#outgoing;
    const leave = () => outgoing?.writableFinished === false && controller.abort();
    if (outgoing?.closed) leave();
    else outgoing?.once("close", leave);
    return controller;
  }
}

/** A piece of a body that has arrived completely. */
function nextOf(incoming: IncomingMessage): Buffer | null {
  return incoming.complete ? incoming.read() : null;
}

/** Two hosts would be ambiguous. HTTP/1.0 requires none, and probes that use it send none. */
function hasOneHost({ rawHeaders, httpVersion }: IncomingMessage): boolean {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  return hosts === 1 || (hosts === 0 && httpVersion === "1.0");
}

function fieldsOf({ rawHeaders }: IncomingMessage): ReceivedFields {
  const fields = new ReceivedFields();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] ?? "";
    fields.append(rawHeaders[index] ?? "", isTrimmed(value) ? value : value.replace(/^[\t ]+|[\t ]+$/g, ""));
  }
  return fields;
}

function isTrimmed(value: string): boolean {
  return !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(value.length - 1));
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
