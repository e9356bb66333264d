/**
 * The hardened listener: `node:http(s)` and `ws`, for addresses that strangers can reach. Everything that a peer can
 * hold open has a time limit, and everything that it can send a size limit, before it is buffered.
 */

import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer as createHttpServer, IncomingMessage } from "node:http";
import type { Server, ServerOptions, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Server as SecureServer } from "node:https";
import type { Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import { WebSocketServer } from "ws";
import { getLogger } from "../../logging/logger.ts";
import { offersWebSocket } from "../../network/offers_websocket.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { badRequest } from "./bad_request.ts";
import { isAccepting } from "./accept_watch.ts";
import { certificateOf, ClientGate } from "./client_gate.ts";
import { guard } from "./guard.ts";
import { HardenedSocket } from "./hardened_socket.ts";
import { readHandshake } from "./websocket_handshake.ts";
import type { Acceptance, Application, ListenOptions, Peer, RunningListener, TlsSettings } from "./listener.ts";
import type { HttpRequest } from "./http_request.ts";
import { isForbiddenMethod, NodeRequest } from "./node_request.ts";
import { hasClientCertificates, hasHardenedRuntime } from "./hardened_runtime.ts";
import { peerOf } from "./peer.ts";
import { ReadAhead } from "./read_ahead.ts";
import { refuseUpgrade } from "./refuse_upgrade.ts";
import { closedWithin, settledWithin } from "../settled.ts";
import { writeAnswer } from "./write_answer.ts";
import type { HttpAnswer } from "./whole_answer.ts";
import { assertPair, authoritiesOf } from "./tls.ts";

/** Checked once a second, so that nothing takes longer than ten. */
const HEADERS_TIMEOUT_MS = 8_500;
const REQUEST_TIMEOUT_MS = 8_500;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
/** How long a peer may take to answer a close. */
const CLOSE_TIMEOUT_MS = 5_000;
/** How long responses in progress may take when the listener closes. */
const FLUSH_MS = 1_000;
const MAX_HEADER_BYTES = 16_384;
/** Of one message, however small it may be; reading a fragment costs as much as reading a short message. */
const MIN_FRAGMENTS = 256;
/** A larger message may have one more fragment for each of these. */
const FRAGMENT_BYTES = 4_096;

const log = getLogger(["luno-mcp-server", "listener"]);
const accessLog = getLogger(["luno-mcp-server", "access"]);

/**
 * Starts the hardened listener. See {@linkcode Listen}.
 *
 * @throws {TypeError} on a runtime before Deno 2.9, which would silently ignore its limits; for client authorities that
 * are none, or that come without `isCertificateAccepted`
 */
export async function listenHardened(application: Application, options: ListenOptions): Promise<RunningListener> {
  assertLimitsWork();
  assertClientsAreJudged(options);
  const listener = new HardenedListener(guard(application), options);
  await listener.listen(options);
  return listener;
}

class HardenedListener implements RunningListener {
  hostname = "";
  port = 0;
  readonly #application: Application;
  readonly #server: Server;
  readonly #secure: SecureServer | undefined;
  readonly #webSockets: WebSocketServer;
  /** Every accepted connection, whatever its state. */
  readonly #connections = new Set<TcpSocket>();
  readonly #sockets = new Set<HardenedSocket>();
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  readonly #clients: ClientGate | undefined;
  readonly #readAhead = new Map<TcpSocket, ReadAhead>();
  #isWatching = false;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(application: Application, options: ListenOptions) {
    this.#application = application;
    const settings = {
      noServer: true,
      clientTracking: false,
      maxPayload: options.maxMessageSize,
      maxFragments: Math.max(MIN_FRAGMENTS, Math.ceil(options.maxMessageSize / FRAGMENT_BYTES)),
      perMessageDeflate: false,
      skipUTF8Validation: false,
      closeTimeout: CLOSE_TIMEOUT_MS, // Missing in its types.
      handleProtocols: (_offered: Set<string>, incoming: IncomingMessage) => this.#protocols.get(incoming) ?? false,
    };
    this.#webSockets = new WebSocketServer(settings);
    const limits = {
      ...limitsOf(options),
      // Missing in its types; upgrades to other protocols are treated as plain requests.
      shouldUpgradeCallback: ({ headers }: IncomingMessage) => offersWebSocket(headers.upgrade),
    };
    if (options.tls === undefined) this.#server = createHttpServer(limits);
    else {
      const handshakeTimeout = limits.headersTimeout;
      this.#clients = ClientGate.of(options);
      const asked = this.#clients === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
      this.#secure = createHttpsServer({ ...limits, handshakeTimeout, ...asked, ...secureContext(options.tls) });
      // Registered before the server's own listener, which begins to read requests.
      this.#secure.prependListener("secureConnection", (connection) => this.#clients?.finish(connection));
      if (this.#clients !== undefined) this.#secure.on("tlsClientError", logHandshake);
      this.#server = this.#secure;
    }
    this.#server.on("connection", (connection) => this.#admit(connection));
    const opened = options.tls === undefined ? "connection" : "secureConnection";
    this.#server.on(opened, (connection) => this.#bound(connection));
    this.#server.on("request", (incoming, outgoing) => {
      this.#readAhead.get(incoming.socket)?.begin(outgoing, () => this.#answer(incoming, outgoing));
    });
    // A body that is too large is rejected before the client sends it.
    this.#server.on("checkContinue", (incoming, outgoing) => {
      if (!(Number(incoming.headers["content-length"]) > options.maxMessageSize)) outgoing.writeContinue();
      this.#server.emit("request", incoming, outgoing);
    });
    this.#server.on("connect", (incoming, connection) => {
      this.#afterAnswers(incoming.socket, () => refuse(connection, noSuchMethod()));
    });
    this.#server.on("upgrade", (incoming, connection, head) => {
      this.#afterAnswers(incoming.socket, () => void this.#upgrade(incoming, connection, head));
    });
  }

  async listen({ hostname, port, pingIntervalMs }: ListenOptions): Promise<void> {
    this.#server.listen(port, hostname);
    try {
      await once(this.#server, "listening");
    } catch (error) {
      // The runtime's code for an address that this machine does not have.
      if (!(error instanceof Error && "code" in error && error.code === "EINVAL")) throw error;
      throw Object.assign(new Error(`Cannot listen on ${hostname}`, { cause: error }), { code: "EADDRNOTAVAIL" });
    }
    const address = this.#server.address();
    if (address === null || typeof address === "string") {
      throw new TypeError("Cannot listen as there is no TCP address");
    }
    this.hostname = address.address;
    this.port = address.port;
    this.#heartbeat = setInterval(() => this.#beat(), pingIntervalMs);
  }

  reload(tls: TlsSettings): void {
    if (this.#secure === undefined) throw new TypeError("Cannot use a certificate as the listener was started without");
    if ((tls.clientAuthorities === undefined) !== (this.#clients === undefined)) {
      throw new TypeError("Cannot begin or cease to ask clients for certificates as the listener is running");
    }
    this.#secure.setSecureContext(secureContext(tls));
    if (tls.clientAuthorities !== undefined) this.#clients?.replaceAuthorities(tls.clientAuthorities);
  }

  stopAccepting(): void {
    if (this.#server.listening) this.#server.close();
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    this.stopAccepting();
    const gone = [...this.#sockets].map((socket) => socket.gone);
    await closedWithin(this.#sockets, FLUSH_MS);
    for (const socket of this.#sockets) socket.terminate();
    const answers = [...this.#readAhead.values()].flatMap((each) => [...each.answers]);
    await settledWithin(answers.map((answer) => once(answer, "close")), FLUSH_MS);
    await Promise.all([...this.#connections].map((connection) => {
      const closed = once(connection, "close");
      connection.destroy();
      return closed;
    }));
    await settledWithin(gone, FLUSH_MS);
  }

  #admit(connection: TcpSocket): void {
    const admission = this.#application.admit(peerAt(connection), () => connection.destroy());
    if (admission === false) {
      connection.destroy();
      return;
    }
    this.#connections.add(connection);
    this.#clients?.begin(connection);
    connection.once("close", () => {
      this.#connections.delete(connection);
      admission.release();
    });
  }

  #bound(connection: TcpSocket): void {
    try {
      this.#readAhead.set(connection, new ReadAhead(connection));
      connection.once("close", () => this.#readAhead.delete(connection));
    } catch (error) {
      log.error("cannot set limits on a connection; disconnecting", { error });
      connection.destroy();
    }
  }

  /** Ends HTTP on a connection, and calls `next` when the requests before are answered: answers keep their order. */
  #afterAnswers(connection: TcpSocket, next: () => void): void {
    const readAhead = this.#readAhead.get(connection);
    if (readAhead === undefined) next();
    else readAhead.release(next);
  }

  #answer(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const request = NodeRequest.of(incoming, outgoing);
    void whenAnswered(
      this.#respond(request, incoming),
      (answer) => writeAnswer(answer, { incoming, outgoing }),
    );
  }

  #respond(request: HttpRequest | undefined, { method, socket }: IncomingMessage): Awaitable<HttpAnswer> {
    if (request === undefined) return isForbiddenMethod(method) ? noSuchMethod() : badRequest();
    const handshake = readHandshake(request);
    return handshake.kind === "invalid" ? handshake.response : this.#application.fetch(request, peerAt(socket));
  }

  async #upgrade(incoming: IncomingMessage, connection: Duplex, head: Buffer): Promise<void> {
    connection.on("error", () => {}); // Its close event reports the same.
    const decision = await this.#decide(incoming);
    if (connection.destroyed) return;
    if (decision instanceof Response) return refuse(connection, decision);
    incoming.headers.upgrade = "websocket"; // There may have been other listeners.
    this.#webSockets.handleUpgrade(incoming, connection, head, (socket) => {
      const hardened = new HardenedSocket(socket, {
        connection,
        acceptance: decision,
        gone: () => this.#sockets.delete(hardened),
      });
      this.#sockets.add(hardened);
      connection.resume(); // It is paused if requests before were being answered.
    });
  }

  async #decide(incoming: IncomingMessage): Promise<Response | Acceptance> {
    const request = NodeRequest.of(incoming);
    // RFC 6455, section 4.1: HTTP/1.0 has no upgrade.
    if (request === undefined || incoming.httpVersion !== "1.1") return badRequest();
    const handshake = readHandshake(request);
    if (handshake.kind === "invalid") return handshake.response;
    const decision = await this.#application.upgrade(request, peerAt(incoming.socket));
    if (decision instanceof Response) return decision;
    const { protocol } = decision;
    const offered = handshake.kind === "websocket" && protocol !== undefined && handshake.protocols.includes(protocol);
    if (offered) this.#protocols.set(incoming, protocol);
    return decision;
  }

  #beat(): void {
    for (const socket of this.#sockets) socket.beat();
    void this.#watch();
  }

  /** Listens again when the runtime has stopped accepting. */
  async #watch(): Promise<void> {
    if (this.#isWatching || !this.#server.listening) return;
    this.#isWatching = true;
    const accepts = await isAccepting(this.#server, { address: this.hostname, port: this.port });
    this.#isWatching = false;
    if (accepts || !this.#server.listening) return;
    log.error("listener stopped accepting connections; restarting it");
    this.#server.close();
    this.#server.listen(this.port, this.hostname);
  }
}

/** Answers on a connection that is no longer HTTP, and closes it. */
function refuse(connection: Duplex, response: Response): void {
  connection.on("error", () => {}); // Its close event reports the same.
  refuseUpgrade(connection, response).catch(() => connection.destroy());
}

function assertLimitsWork(): void {
  if (hasHardenedRuntime()) return;
  throw new TypeError(`Cannot listen hardened as the limits need Deno 2.9: current version is ${Deno.version.deno}`);
}

function assertClientsAreJudged({ tls, isCertificateAccepted }: ListenOptions): void {
  if (tls?.clientAuthorities === undefined) return;
  if (isCertificateAccepted === undefined) {
    throw new TypeError("Cannot ask clients for certificates as nothing checks them: isCertificateAccepted is not set");
  }
  if (!hasClientCertificates()) {
    const version = Deno.version.deno;
    throw new TypeError(`Cannot ask clients for certificates as it needs Deno 2.9: current version is ${version}`);
  }
}

function limitsOf(options: ListenOptions): ServerOptions & { headersTimeout: number } {
  const { headersTimeoutMs = HEADERS_TIMEOUT_MS, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  return {
    headersTimeout: headersTimeoutMs,
    // Counts from the first byte, like the limit for headers.
    requestTimeout: Math.max(requestTimeoutMs, headersTimeoutMs),
    connectionsCheckingInterval: Math.min(1_000, headersTimeoutMs / 2),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
}

function secureContext(tls: TlsSettings): TlsOptions {
  assertPair(tls);
  const authorities = tls.clientAuthorities === undefined ? {} : { ca: authoritiesOf(tls.clientAuthorities) };
  return { cert: tls.cert, key: tls.key, minVersion: "TLSv1.2", ...authorities };
}

/** A TLS handshake failed, for example for lack of a valid certificate; the peer's address is no longer available. */
function logHandshake(error: Error): void {
  const reason = "code" in error ? String(error.code) : error.message;
  accessLog.warning("refused", { source: "tls", reason: reason.slice(0, 200) });
}

/** By connection, as they are needed for each request. */
const peers = new WeakMap<TcpSocket, Peer>();

/** A peer that has left has no address any more, and none is needed. */
function peerAt(connection: TcpSocket): Peer {
  const known = peers.get(connection);
  if (known !== undefined) return known;
  const { remoteAddress = "0.0.0.0", remotePort = 0 } = connection;
  const plain = peerOf(remoteAddress, remotePort);
  const certificate = certificateOf(connection);
  const peer = certificate === undefined ? plain : { ...plain, certificate };
  peers.set(connection, peer);
  return peer;
}

function noSuchMethod(): Response {
  return new Response("Method not allowed\n", {
    status: 405,
    headers: { "allow": "GET, HEAD, POST, DELETE, OPTIONS", "connection": "close" },
  });
}
