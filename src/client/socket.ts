/**
 * Opens a WebSocket to an MCP server: handshake, TLS, token, limits and keep-alive.
 *
 * It knows nothing of JSON-RPC, and does not reconnect.
 */

import { createRedactor } from "../secrets/redaction.ts";
import type { Redact } from "../secrets/redaction.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Buffer } from "node:buffer";
// @ts-types="@types/ws"
import { WebSocket } from "ws";
import type { Socket } from "../transport/listeners/listener.ts";
import { closedError, ConnectionError } from "./connection_error.ts";
import { handshakeError, refusedError } from "./handshake_error.ts";
import type { Attempt } from "./handshake_error.ts";

/** Certificates in PEM. */
export interface ClientTls {
  /** Authorities to trust instead of the public ones. */
  readonly ca?: string;
  /** The client's certificate chain and key. */
  readonly identity?: { readonly cert: string; readonly key: string };
}

/** The address of a server, and how to authenticate there. */
export interface Endpoint {
  readonly url: URL;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: Secret;
  /**
   * Where the token came from, for the message when it is rejected.
   *
   * @default "LUNO_MCP_TOKEN"
   */
  readonly tokenSource?: string;
  readonly tls?: ClientTls;
}

/** Limits of one connection. */
export interface SocketOptions {
  /** Aborts connecting; has no effect on an open connection. */
  readonly signal?: AbortSignal;
  /**
   * Largest message of the server, in bytes.
   *
   * @default 16_777_216
   */
  readonly maxMessageSize?: number;
  /**
   * Time limit of connection, TLS and WebSocket handshake together.
   *
   * @default 10_000
   */
  readonly connectTimeoutMs?: number;
  /**
   * Interval of pings; a silent server is disconnected within two intervals.
   *
   * @default 15_000
   */
  readonly pingIntervalMs?: number;
}

/** Handles the events of an open socket. */
export interface ClientSocketHandler {
  text(data: string): void;
  /** The connection has ended, from either side; called once, and only after it was open. */
  closed(cause: ConnectionError): void;
}

/** The subprotocol that the server selects. */
const SUBPROTOCOL = "mcp";

/** How long to wait for the server's part of the closing handshake. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Connects; rejects with a {@linkcode ConnectionError}. */
export function openSocket(
  { url, token, tokenSource = "LUNO_MCP_TOKEN", tls }: Endpoint,
  handler: ClientSocketHandler,
  options: SocketOptions = {},
): Promise<Socket> {
  const { signal, maxMessageSize = 16_777_216, connectTimeoutMs = 10_000, pingIntervalMs = 15_000 } = options;
  if (signal?.aborted) return Promise.reject(gaveUp());
  // If a server repeats what it was sent, the token must not reach a model or a log.
  const redact = createRedactor(token === undefined ? [] : [token.reveal()]);
  const attempt: Attempt = {
    url,
    tokenSource: token === undefined ? undefined : tokenSource,
    hasCertificate: tls?.identity !== undefined,
    hasAuthorities: tls?.ca !== undefined,
  };
  const socket = new WebSocket(url, [SUBPROTOCOL], {
    headers: token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` },
    maxPayload: maxMessageSize,
    perMessageDeflate: false,
    followRedirects: false,
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...tls?.identity,
  });
  const opened = () => watch(socket, handler, { pingIntervalMs, redact });
  return untilOpen(socket, { attempt, signal, connectTimeoutMs, opened });
}

function untilOpen(
  socket: WebSocket,
  { attempt, signal, connectTimeoutMs, opened }: {
    readonly attempt: Attempt;
    readonly signal: AbortSignal | undefined;
    readonly connectTimeoutMs: number;
    readonly opened: () => void;
  },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let failure: ConnectionError | undefined;
    const giveUp = (): void => {
      failure = gaveUp();
      socket.terminate();
    };
    // A timer of our own: after a failure, the time limit of `ws` can end the process (Deno 2.7).
    const limit = setTimeout(() => {
      failure ??= handshakeError(new Error("Opening handshake has timed out"), attempt);
      socket.terminate();
    }, connectTimeoutMs);
    const settle = (): void => {
      clearTimeout(limit);
      signal?.removeEventListener("abort", giveUp);
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    socket.on("error", (error) => failure ??= handshakeError(error, attempt));
    socket.on("unexpected-response", (request, response) => {
      failure = refusedError(response.statusCode ?? 0, response.headers["retry-after"], attempt);
      // Must be registered first: the request reads its response to the end, and one that breaks off ends the process
      // (Deno 2.7).
      response.destroy();
      request.destroy();
      socket.terminate();
      settle();
      reject(failure);
    });
    const onFailure = (): void => {
      settle();
      reject(failure ?? handshakeError(new Error("the connection closed"), attempt));
    };
    socket.once("close", onFailure);
    socket.once("open", () => {
      settle();
      socket.off("close", onFailure);
      opened();
      resolve(asSocket(socket));
    });
  });
}

/** Forwards events and keeps the connection alive until it ends. */
function watch(
  socket: WebSocket,
  handler: ClientSocketHandler,
  { pingIntervalMs, redact }: { pingIntervalMs: number; redact: Redact },
): void {
  let isAlive = true;
  let failure: Error | undefined;
  const timer = setInterval(() => {
    if (!isAlive) {
      failure = new Error("the server did not answer a ping");
      return socket.terminate();
    }
    isAlive = false;
    socket.ping();
  }, pingIntervalMs);
  socket.on("pong", () => isAlive = true);
  socket.on("error", (error) => failure ??= error);
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    isAlive = true;
    if (isBinary) socket.close(1003, "expected text");
    else if (socket.readyState === WebSocket.OPEN) handler.text(redact(data.toString()));
  });
  socket.once("close", (code, reason) => {
    clearInterval(timer);
    handler.closed(
      failure === undefined ? closedError(code, redact(reason.toString())) : closedError(1006, "", failure),
    );
  });
}

function asSocket(socket: WebSocket): Socket {
  const close = (code: number, reason: string): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    const timer = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    socket.once("close", () => clearTimeout(timer));
    socket.close(code, reason);
  };
  return {
    send(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close,
    cut: close,
    terminate: () => socket.terminate(),
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
  };
}

function gaveUp(): ConnectionError {
  return new ConnectionError("ERR_ENDED", "Connecting was given up");
}
