/** One kept-alive HTTP connection on bare TCP, one call at a time: requests are prepared, answers only counted. */

import type { LoadPlan } from "./load.ts";
import type { Wire } from "./wire.ts";

/** The form of a call: REST, or Streamable HTTP of a revision. */
export type HttpForm = "rest" | "mcp-2025" | "mcp-2026";

interface HttpRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const VERSION_HEADER = "mcp-protocol-version";
const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
};
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

const decoder = new TextDecoder("latin1");
const HEAD_END = "\r\n\r\n";
const OK = "HTTP/1.1 200 ";

/** An open connection. */
export class HttpWire implements Wire {
  readonly #port: number;
  readonly #request: Uint8Array;
  readonly #buffer = new Uint8Array(262_144);
  #connection: Deno.Conn;

  private constructor(connection: Deno.Conn, port: number, request: Uint8Array) {
    this.#connection = connection;
    this.#port = port;
    this.#request = request;
  }

  /** Connects; calls of 2025 get a session of their own, of which a bare server has only the name. */
  static async open(form: HttpForm, { port, calls: [call], isBare = false }: LoadPlan): Promise<HttpWire> {
    if (call === undefined) throw new RangeError("Cannot make load as the plan has no call");
    const session = form !== "mcp-2025" ? "" : isBare ? crypto.randomUUID() : await openSession(port);
    const request = encode(requestOf(form, { call, session }), port);
    return new HttpWire(await connect(port), port, request);
  }

  async run(startedMs: number, ms: number): Promise<{ calls: number; bytes: number }> {
    let [calls, bytes] = [0, 0];
    while (performance.now() - startedMs < ms) {
      // The server may have ended a connection that was idle between two windows.
      bytes += await this.#exchange() ?? await this.#exchangeAnew();
      calls++;
    }
    return { calls, bytes };
  }

  close(): void {
    this.#connection.close();
  }

  async #exchangeAnew(): Promise<number> {
    this.#connection.close();
    this.#connection = await connect(this.#port);
    const bytes = await this.#exchange();
    if (bytes === undefined) throw new Error("The server ended the connection");
    return bytes;
  }

  /** Sends the request and reads its answer; returns the size of the body, `undefined` when there was none. */
  async #exchange(): Promise<number | undefined> {
    const [request, buffer] = [this.#request, this.#buffer];
    for (let written = 0; written < request.length;) written += await this.#connection.write(request.subarray(written));
    let [have, whole, size] = [0, Infinity, 0];
    while (have < whole) {
      const count = await this.#connection.read(buffer.subarray(have));
      if (count === null) return undefined;
      have += count;
      if (whole !== Infinity) continue;
      const head = decoder.decode(buffer.subarray(0, Math.min(have, 4_096)));
      const end = head.indexOf(HEAD_END);
      if (end === -1) continue;
      if (!head.startsWith(OK)) throw new Error(`The server refused: ${head}`);
      size = Number(/content-length: *(\d+)/i.exec(head)?.[1]);
      whole = end + HEAD_END.length + size;
    }
    return size;
  }
}

async function connect(port: number): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay();
  return connection;
}

async function openSession(port: number): Promise<string> {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const post = (body: unknown, more = {}) =>
    fetch(`http://127.0.0.1:${port}/mcp`, {
      method: "POST",
      headers: { ...headers, ...more },
      body: JSON.stringify(body),
    });
  const opened = await post(INITIALIZE);
  await opened.text();
  const session = opened.headers.get("mcp-session-id") ?? "";
  const initialized = { jsonrpc: "2.0", method: "notifications/initialized" };
  await (await post(initialized, { "mcp-session-id": session, [VERSION_HEADER]: "2025-11-25" })).text();
  return session;
}

function requestOf(
  form: HttpForm,
  { call, session }: { readonly call: LoadPlan["calls"][number]; readonly session: string },
): HttpRequest {
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: call };
  switch (form) {
    case "rest":
      return { path: `/v1/tools/${call.name}`, body: call.arguments };
    case "mcp-2025":
      return { path: "/mcp", headers: { "mcp-session-id": session, [VERSION_HEADER]: "2025-11-25" }, body: message };
    case "mcp-2026": {
      const headers = { [VERSION_HEADER]: "2026-07-28", "mcp-method": "tools/call", "mcp-name": call.name };
      return { path: "/mcp", headers, body: { ...message, params: { ...call, _meta: ENVELOPE } } };
    }
  }
}

function encode({ path, headers = {}, body }: HttpRequest, port: number): Uint8Array {
  const text = JSON.stringify(body);
  const all = {
    host: `127.0.0.1:${port}`,
    "content-type": "application/json",
    "content-length": text.length,
    accept: "application/json, text/event-stream",
    "user-agent": "bench",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return new TextEncoder().encode(`POST ${path} HTTP/1.1\r\n${lines}\r\n${text}`);
}
