/** The MCP endpoint over a server with two tools, and requests to it as they look on the wire. */

import assert from "node:assert/strict";
import { Server } from "@modelcontextprotocol/server";
import { aborted } from "../../src/timing/aborted.ts";
import { MemorySessionStore } from "../../src/state/shared/memory/session_store.ts";
import { createStreamableHttp } from "../../src/transport/http/streamable_http.ts";
import type { StreamableHttp, StreamableHttpOptions } from "../../src/transport/http/streamable_http.ts";
import { toResponse } from "../../src/transport/listeners/whole_answer.ts";
import { callerOf } from "../support/callers.ts";
import { serveHttp } from "./http_server.ts";
import type { HttpServer } from "./http_server.ts";

/** JSON as a test walks through it. */
// deno-lint-ignore no-explicit-any
export type Json = any;

/** What a 2025-era client sends with every request. */
export const LEGACY_HEADERS = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2025-11-25",
};

/** The first request of a 2025-era client. */
export const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1.0.0" } },
};

/** What differs from a usual POST; `null` takes a header away. */
export interface Sent extends Omit<RequestInit, "headers"> {
  readonly headers?: Readonly<Record<string, string | null>>;
}

const OBJECT = { type: "object" as const };

/** The endpoint; `echo` answers its arguments, `wait` ends only when it is aborted, or told to. */
export class McpEndpoint implements AsyncDisposable {
  /** Server objects that were made and have not ended. */
  readonly servers = new Set<Server>();
  /** Resources that clients watch. */
  readonly subscriptions = new Set<string>();
  /** Calls of `wait` that run. */
  waiting = 0;
  readonly clock = { now: 1_000 };
  readonly endpoint: StreamableHttp;
  readonly #http: HttpServer;
  #changed = Promise.withResolvers<void>();
  #finished = Promise.withResolvers<void>();

  constructor(options: Partial<StreamableHttpOptions> = {}) {
    this.endpoint = createStreamableHttp({
      factory: () => this.#createServer(),
      store: new MemorySessionStore(),
      maxBodySize: 4_096,
      now: () => this.clock.now,
      ...options,
    });
    this.#http = serveHttp((request, caller) => this.endpoint.fetch(request, caller));
  }

  get url(): string {
    return `${this.#http.url}/mcp`;
  }

  /** Resolves as soon as it is so; looks again whenever a server or a call begins or ends. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#changed.promise;
  }

  /** Ends the calls of `wait` that run with an answer. */
  finish(): void {
    this.#finished.resolve();
    this.#finished = Promise.withResolvers();
  }

  /** What the endpoint answers a request of `local` that comes over no connection. */
  async answer(request: Request): Promise<Response> {
    return toResponse(await this.endpoint.fetch(request, callerOf()));
  }

  /** Sends one request. */
  send(init: Sent = {}): Promise<Response> {
    const { headers = {}, ...rest } = init;
    const all = Object.entries({ ...LEGACY_HEADERS, ...headers }).filter((entry): entry is [string, string] =>
      entry[1] !== null
    );
    return fetch(this.url, { method: "POST", ...rest, headers: all });
  }

  /** A request on a connection of its own, which ends when it is told to and does not wait for an answer. */
  async sendAndLeave(
    { headers = {}, body = "" }: { headers?: Record<string, string>; body?: string },
    when: () => Promise<void>,
  ): Promise<void> {
    const { hostname, port, pathname } = new URL(this.url);
    const head = Object.entries({
      ...LEGACY_HEADERS,
      host: hostname,
      "content-length": String(body.length),
      ...headers,
    });
    using connection = await Deno.connect({ hostname, port: Number(port) });
    const lines = [`POST ${pathname} HTTP/1.1`, ...head.map(([name, value]) => `${name}: ${value}`)];
    await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body}`));
    await when();
  }

  /** Opens a session and answers its id. */
  async initialize(identity = "local"): Promise<string> {
    const response = await this.send({ body: JSON.stringify(INITIALIZE), headers: { "x-identity": identity } });
    await response.text();
    const id = response.headers.get("mcp-session-id");
    assert.ok(id, `no session: ${response.status}`);
    return id;
  }

  /** Posts one message into a session. */
  post(session: string, message: unknown, init: Sent = {}): Promise<Response> {
    const headers = { "mcp-session-id": session, ...init.headers };
    return this.send({ ...init, headers, body: JSON.stringify(message) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endpoint.close();
    await this.#http[Symbol.asyncDispose]();
  }

  #createServer(): Server {
    const capabilities = { tools: {}, logging: {}, resources: { subscribe: true } };
    const server = new Server({ name: "test", version: "1.0.0" }, { capabilities });
    this.servers.add(server);
    this.#wake();
    server.onclose = () => {
      this.servers.delete(server);
      this.#wake();
    };
    server.setRequestHandler("tools/list", () => ({
      tools: [{ name: "echo", inputSchema: OBJECT }, { name: "wait", inputSchema: OBJECT }],
    }));
    server.setRequestHandler("resources/subscribe", ({ params: { uri } }) => {
      this.subscriptions.add(uri);
      this.#wake();
      return {};
    });
    server.setRequestHandler("resources/unsubscribe", ({ params: { uri } }) => {
      this.subscriptions.delete(uri);
      return {};
    });
    server.setRequestHandler("tools/call", async ({ params }, { mcpReq: { signal } }) => {
      if (params.name === "wait") await this.#wait(signal);
      return { content: [{ type: "text", text: JSON.stringify(params.arguments ?? {}) }] };
    });
    return server;
  }

  async #wait(signal: AbortSignal): Promise<void> {
    this.waiting++;
    this.#wake();
    await Promise.race([this.#finished.promise, aborted(signal)]);
    this.waiting--;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** A call of a tool. */
export function call(id: string | number, name: string, args: Record<string, unknown> = {}): Json {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
}

/** The one message of a response, whether it came as JSON or as an event. */
export async function readAnswer(response: Response): Promise<Json> {
  const text = await response.text();
  return JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? text);
}
