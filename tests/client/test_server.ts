/** A small WebSocket server whose connections a test can refuse, script, close and break. */

import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
// @ts-types="@types/ws"
import { type WebSocket, WebSocketServer } from "ws";
import type { Endpoint } from "../../src/client/socket.ts";
import { listingOf } from "../../src/protocol/listing.ts";
import { createServerFactory } from "../../src/protocol/mcp_server.ts";
import { callTool } from "../../src/protocol/tool_call.ts";
import { selectTools } from "../../src/tools/catalogue.ts";
import type { ToolContext, ToolGroup } from "../../src/tools/tool.ts";
import type { ChannelOptions, SubscriptionPath } from "../../src/transport/channel_parts.ts";
import type { TlsFiles } from "../../src/transport/listeners/listener.ts";
import { SocketTransport } from "../../src/transport/websocket.ts";

/** How a server handles the sockets that it accepts. */
export type Serve = (socket: WebSocket, request: IncomingMessage) => void;

/** How a server differs from one that accepts every client. */
export interface TestServerOptions {
  readonly serve: Serve;
  /** Answers instead of an upgrade: the head of an HTTP response, such as `503 Busy\r\nRetry-After: 1`. */
  readonly refuse?: (request: IncomingMessage) => string | undefined;
  /** With `ca`, clients must present a certificate. */
  readonly tls?: TlsFiles & { readonly ca?: string };
}

/** A server on a free port of 127.0.0.1. */
export class TestServer implements AsyncDisposable {
  /** Accepted upgrades. */
  accepted = 0;
  readonly endpoint: Endpoint;
  readonly #http: ReturnType<typeof createHttpServer>;
  readonly #sockets: WebSocketServer;

  private constructor(http: ReturnType<typeof createHttpServer>, { serve, refuse, tls }: TestServerOptions) {
    this.#http = http;
    this.#sockets = new WebSocketServer({ noServer: true });
    const { port } = http.address() as AddressInfo;
    this.endpoint = { url: new URL(`${tls === undefined ? "ws" : "wss"}://127.0.0.1:${port}/ws`) };
    http.on("upgrade", (request, connection, head) => {
      const refusal = refuse?.(request);
      if (refusal !== undefined) return void connection.end(`HTTP/1.1 ${refusal}\r\nContent-Length: 0\r\n\r\n`);
      this.accepted++;
      this.#sockets.handleUpgrade(request, connection, head, (socket) => serve(socket, request));
    });
  }

  static async start(options: TestServerOptions): Promise<TestServer> {
    const { tls } = options;
    const http = tls === undefined
      ? createHttpServer()
      : createTlsServer({ ...tls, requestCert: tls.ca !== undefined });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    return new TestServer(http, options);
  }

  get url(): string {
    return this.endpoint.url.href;
  }

  /** Breaks every connection without a close frame. */
  breakAll(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** Closes every connection in order. */
  closeAll(code: number, reason = ""): void {
    for (const socket of this.#sockets.clients) socket.close(code, reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.breakAll();
    this.#http.closeAllConnections();
    const closed = once(this.#http, "close");
    this.#http.close();
    await closed;
  }
}

/** Nothing is watched here; the SDK would acknowledge subscriptions without notifications. */
const NO_SUBSCRIPTIONS: SubscriptionPath = {
  take: () => ({ error: { code: -32601, message: "Method not found" } }),
  endStreams() {},
  isOpen: false,
  close() {},
};

/** Serves the catalogue on every socket, as the program does. */
export function servingTools(
  { signal: _perCall, caller, ...context }: ToolContext,
  options: ChannelOptions = {},
  groups: readonly ToolGroup[] = ["market", "account", "server"],
): Serve {
  const createServer = createServerFactory({
    identity: context.server,
    listing: listingOf(groups),
    backend: () =>
      Promise.resolve({
        tools: selectTools(groups),
        contextOf: (caller) => ({ ...context, caller }),
        exchange: context.exchange,
        resources: { config: {}, uptimeMs: () => 1_234.5 },
        run: callTool,
        watch: { of: () => Promise.resolve(undefined) },
      }),
  });
  return (socket) => {
    const transport = new SocketTransport({
      send: (text) => socket.send(text),
      close: (code, reason) => socket.close(code, reason),
      cut: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
      bufferedAmount: 0,
    }, { firstMessageMs: 60_000, idleMs: 60_000, subscriptions: () => NO_SUBSCRIPTIONS, ...options });
    const handler = transport.handler();
    socket.on("message", (data, isBinary) => isBinary ? handler.binary() : handler.text(data.toString()));
    socket.on("close", (code, reason) => handler.closed(code, reason.toString()));
    serveStdio(() => createServer(() => caller), { transport });
  };
}
