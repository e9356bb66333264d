/** An HTTP server on bare TCP, which can break off at any byte. */

/** A request that was read to the end of its body. */
export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: string;
}

/** What a handler may do with the connection; without a word it stays open in silence. */
export interface RawConnection {
  /** Writes bytes; a peer that is gone is no error. */
  write(text: string): Promise<void>;
  close(): void;
}

export type RawHandler = (request: RawRequest, connection: RawConnection) => unknown;

/** Listens on a free port of 127.0.0.1 until disposed of. */
export class RawServer implements AsyncDisposable {
  /** Every request that arrived whole. */
  readonly requests: RawRequest[] = [];
  readonly url: string;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #work: Promise<unknown>[] = [];

  constructor(handler: RawHandler) {
    this.url = `http://127.0.0.1:${this.#listener.addr.port}`;
    this.#work.push(this.#accept(handler));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await Promise.all(this.#work);
  }

  async #accept(handler: RawHandler): Promise<void> {
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      this.#work.push(this.#serve(connection, handler).catch(() => {}).finally(() => close(connection)));
    }
  }

  async #serve(connection: Deno.Conn, handler: RawHandler): Promise<void> {
    let buffered = "";
    for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) {
      buffered += chunk;
      for (let read = takeRequest(buffered); read !== undefined; read = takeRequest(buffered)) {
        buffered = read.rest;
        this.requests.push(read.request);
        await handler(read.request, {
          write: async (text) => {
            await connection.write(new TextEncoder().encode(text)).catch(() => {});
          },
          close: () => close(connection),
        });
      }
    }
  }
}

/** A whole answer with the right length. */
export function http(status: number, body: string, headers: Record<string, string> = {}): string {
  const length = new TextEncoder().encode(body).length;
  const lines = Object.entries({ "content-type": "application/json", ...headers, "content-length": length });
  return `HTTP/1.1 ${status} Status\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

function takeRequest(text: string): { request: RawRequest; rest: string } | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [start = "", ...lines] = text.slice(0, end).split("\r\n");
  const [method = "", target = ""] = start.split(" ");
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  const length = Number(headers.get("content-length") ?? 0);
  const body = text.slice(end + 4, end + 4 + length);
  return body.length < length
    ? undefined
    : { request: { method, target, headers, body }, rest: text.slice(end + 4 + length) };
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
