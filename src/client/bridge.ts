/**
 * Forwards the messages of one local client to a server over WebSocket and back, reconnecting as needed.
 *
 * Every request is answered exactly once: by the server, or by an error that says whether it is safe to repeat.
 * Requests lost with a connection are sent once more when they only read; nothing else is sent twice, except the
 * handshake, which every connection needs. Subscriptions are restored. Reading and writing the local client's streams
 * is left to its transport.
 */

import type { JSONRPCMessage, JSONRPCRequest, RequestId, Transport } from "@modelcontextprotocol/client";
import { getLogger } from "../logging/logger.ts";
import { ERRORS } from "../errors/error_table.ts";
import type { RpcErrorCode } from "../errors/error_table.ts";
import type { Sleep } from "../timing/sleep.ts";
import { cancelledId, isRequest } from "../transport/json_rpc.ts";
import type { Socket } from "../transport/listeners/listener.ts";
import type { Backoff } from "./reconnect_backoff.ts";
import { ConnectionError } from "./connection_error.ts";
import { Handshake } from "./handshake.ts";
import { readReceived } from "./received_text.ts";
import { RememberedSubscriptions } from "./remembered_subscriptions.ts";
import { RepetitionRules } from "./repetition.ts";
import { Resumption } from "./resumption.ts";
import type { ClientSocketHandler } from "./socket.ts";
import { WaitingRoom } from "./waiting_room.ts";

const log = getLogger(["luno-mcp-server", "bridge"]);

/** Settings of a bridge. */
export interface BridgeOptions {
  /** Connects once; rejects with a `ConnectionError`. */
  open(handler: ClientSocketHandler, signal: AbortSignal): Promise<Socket>;
  readonly backoff: Backoff;
  readonly sleep: Sleep;
  /** Called with the reason whenever there is no connection, before each new attempt. */
  readonly lost?: (cause: ConnectionError) => void;
  /**
   * The most messages that wait for a connection.
   *
   * @default 100
   */
  readonly maxWaiting?: number;
  /**
   * How long each of them waits.
   *
   * @default 30_000
   */
  readonly maxWaitMs?: number;
}

/** Time limit of the handshake on a second or later connection. */
const RESUME_TIMEOUT_MS = 10_000;

/** The most bytes that may wait for the server to read. */
const MAX_BUFFERED = 16 * 1_048_576;

/** Requests that open a session: every connection needs them, so they are sent again. */
const OPENING_METHODS = new Set(["initialize", "server/discover"]);

/** Close codes with which a server ends an idle connection; the next one can wait until it is needed. */
const IDLE_CODES = new Set([1000, 1008]);

/** One connection. */
interface Link {
  readonly socket: Socket;
  readonly ended: Promise<ConnectionError>;
  isOpen(): boolean;
}

/** A bridge between a local client and a server. */
export class Bridge {
  readonly #local: Transport;
  readonly #options: BridgeOptions;
  readonly #room: WaitingRoom;
  readonly #rules = new RepetitionRules();
  readonly #handshake = new Handshake();
  readonly #resumption = new Resumption();
  readonly #subscriptions = new RememberedSubscriptions();
  /** Requests that were already sent a second time. */
  readonly #repeated = new WeakSet<JSONRPCRequest>();
  readonly #stop = new AbortController();
  /** Requests sent on this connection that are not answered. */
  readonly #inFlight = new Map<RequestId, JSONRPCRequest>();
  /** Requests of the server on this connection that are not answered. */
  readonly #asked = new Set<RequestId>();
  /** Takes messages from the local client; absent while no connection is ready. */
  #socket: Socket | undefined;
  #trouble: ConnectionError | undefined;
  #spoken = Promise.withResolvers<void>();

  constructor(local: Transport, options: BridgeOptions) {
    this.#local = local;
    this.#options = options;
    const { sleep, maxWaiting: maxMessages = 100, maxWaitMs = 30_000 } = options;
    this.#room = new WaitingRoom({
      maxMessages,
      maxWaitMs,
      sleep,
      expired: (message) => this.#neverSent(message),
    });
    local.onmessage = (message) => this.#fromClient(message);
  }

  /** Maintains a connection until `close`. Rejects with a `ConnectionError` that makes further attempts pointless. */
  async run(): Promise<void> {
    const { backoff, sleep } = this.#options;
    while (!this.#stop.signal.aborted) {
      const trouble = await this.#connect();
      if (this.#stop.signal.aborted) return;
      this.#trouble = trouble;
      if (!trouble.retryable) throw trouble;
      const isIdle = this.#room.isEmpty && this.#subscriptions.isEmpty;
      if (IDLE_CODES.has(trouble.closeCode ?? 0) && isIdle) await this.#somethingToSay();
      if (this.#stop.signal.aborted) return;
      this.#options.lost?.(trouble);
      const pause = backoff.next(trouble.retryAfterMs);
      log.warning("not connected; retrying", { reason: trouble.message, retry_in_ms: Math.round(pause) });
      await sleep(pause, this.#stop.signal).catch(() => {});
    }
  }

  /** Ends the connection, and answers the open requests. */
  close(reason: ConnectionError = new ConnectionError("ERR_ENDED", "The bridge ends")): void {
    this.#stop.abort();
    this.#spoken.resolve();
    this.#trouble = reason;
    this.#handshake.fail(reason);
    this.#resumption.fail(reason);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000, "");
    this.#dropped(reason);
    for (const request of this.#subscriptions.streams) this.#lost(request, reason);
    for (const message of this.#room.empty()) this.#neverSent(message);
  }

  /** Runs one connection; returns why it ended. */
  async #connect(): Promise<ConnectionError> {
    let link: Link | undefined;
    try {
      link = await this.#open();
      await this.#resume(link.socket);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      link?.socket.close(1000, "");
      return error;
    }
    if (link.isOpen()) {
      log.info("connected");
      this.#socket = link.socket;
      for (const message of this.#room.empty()) this.#forward(message);
    }
    const cause = await link.ended;
    this.#dropped(cause);
    return cause;
  }

  async #open(): Promise<Link> {
    const end = Promise.withResolvers<ConnectionError>();
    let isOpen = true;
    const socket = await this.#options.open({
      text: (data) => this.#fromServer(data),
      closed: (cause) => {
        isOpen = false;
        this.#socket = undefined;
        this.#handshake.fail(cause);
        this.#resumption.fail(cause);
        end.resolve(cause);
      },
    }, this.#stop.signal);
    return { socket, ended: end.promise, isOpen: () => isOpen };
  }

  /** Restores the local client's session on a new connection. */
  async #resume(socket: Socket): Promise<void> {
    const send = (message: JSONRPCMessage) => socket.send(JSON.stringify(message));
    const resumed = this.#resumption.resume(send);
    const shaken = this.#handshake.resume(send);
    const done = new AbortController();
    const { sleep } = this.#options;
    void sleep(RESUME_TIMEOUT_MS, done.signal).then(
      () => this.#failResuming(new ConnectionError("ERR_TIMEOUT", "Server did not answer initialize in time")),
      () => {},
    );
    const [isResumed] = await Promise.all([resumed, shaken]).finally(() => done.abort());
    for (const request of this.#subscriptions.streams) this.#inFlight.set(request.id, request);
    if (!isResumed) {
      for (const request of this.#subscriptions.again()) send(request);
      if (!this.#subscriptions.isEmpty) this.#resumption.ask(send);
    }
  }

  #failResuming(cause: ConnectionError): void {
    this.#handshake.fail(cause);
    this.#resumption.fail(cause);
  }

  #fromClient(message: JSONRPCMessage): void {
    this.#handshake.fromClient(message);
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) {
      this.#subscriptions.cancelled(cancelled);
      if (this.#room.remove(cancelled) || !this.#inFlight.delete(cancelled)) return;
    } else if (!("method" in message) && (message.id === undefined || !this.#asked.delete(message.id))) {
      return; // An answer to a request of an earlier connection.
    }
    if (this.#socket !== undefined) return this.#forward(message);
    if (this.#stop.signal.aborted || !this.#room.add(message)) this.#neverSent(message);
    this.#spoken.resolve();
  }

  async #somethingToSay(): Promise<void> {
    log.info("server closed an idle connection");
    this.#spoken = Promise.withResolvers();
    await this.#spoken.promise;
  }

  #forward(message: JSONRPCMessage): void {
    // The connection may have ended while the queue was being emptied.
    if (this.#socket === undefined) return void (this.#room.add(message) || this.#neverSent(message));
    if (this.#socket.bufferedAmount > MAX_BUFFERED) {
      this.#trouble = new ConnectionError("ERR_TIMEOUT", "Server does not read what it is sent");
      return this.#neverSent(message);
    }
    if (isRequest(message)) this.#inFlight.set(message.id, message);
    this.#socket.send(JSON.stringify(message));
    if (isRequest(message) && this.#subscriptions.sent(message)) {
      this.#resumption.ask((message) => this.#socket?.send(JSON.stringify(message)), message.params ?? {});
    }
  }

  #fromServer(text: string): void {
    const message = readReceived(text);
    if (message === undefined) return log.warning("server sent something other than a JSON-RPC message");
    if (this.#handshake.fromServer(message) || this.#resumption.fromServer(message)) return;
    const instead = this.#subscriptions.fromServer(message);
    if (instead !== undefined) return instead.forEach((message) => void this.#local.send(message));
    if (!("method" in message)) {
      this.#options.backoff.reset();
      const request = message.id === undefined ? undefined : this.#inFlight.get(message.id);
      if (message.id !== undefined) this.#inFlight.delete(message.id);
      if (request !== undefined && isRefusedAtTheEnd(message) && this.#sendAgain(request)) return;
      if (request?.method === "tools/list" && "result" in message) this.#rules.learn(message.result);
    } else if (isRequest(message)) this.#asked.add(message.id);
    void this.#local.send(message);
  }

  /** Handles the requests that were lost with the connection. */
  #dropped(cause: ConnectionError): void {
    const lost = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#subscriptions.dropped();
    for (const request of lost) {
      if (!this.#subscriptions.isStream(request.id) && !this.#sendAgain(request)) this.#lost(request, cause);
    }
    for (const requestId of this.#asked) {
      void this.#local.send({
        jsonrpc: "2.0",
        method: "notifications/cancelled",
        params: { requestId, reason: "connection lost" },
      });
    }
    this.#asked.clear();
  }

  /** Queues a request for the next connection if it only reads and was not repeated yet; returns whether it did. */
  #sendAgain(request: JSONRPCRequest): boolean {
    const isOpening = OPENING_METHODS.has(request.method);
    const isAllowed = isOpening || this.#rules.isReading(request) && !this.#repeated.has(request);
    if (!isAllowed || this.#stop.signal.aborted || !this.#room.add(request)) return false;
    this.#repeated.add(request);
    return true;
  }

  #lost(request: JSONRPCRequest, cause: ConnectionError): void {
    const safeToRepeat = this.#rules.isSafe(request);
    const advice = safeToRepeat
      ? "it is safe to repeat"
      : "it may have run: find out before you repeat it, it is not known to be safe";
    this.#refuse(request, `No answer to ${quote(request.method)}: ${cause.message}: ${advice}`, {
      code: "ERR_CONNECTION_LOST",
      safeToRepeat,
    });
  }

  #neverSent(message: JSONRPCMessage): void {
    if (!isRequest(message)) return;
    const reason = this.#trouble?.message ?? "Still connecting";
    this.#refuse(message, `Not sent, as there is no connection to the server: ${reason}: it is safe to repeat`, {
      code: "ERR_NOT_CONNECTED",
      safeToRepeat: true,
    });
  }

  #refuse(
    { id }: JSONRPCRequest,
    message: string,
    data: { readonly code: RpcErrorCode; readonly safeToRepeat: boolean },
  ) {
    void this.#local.send({ jsonrpc: "2.0", id, error: { code: ERRORS[data.code].rpc, message, data } });
  }
}

/** Whether a server that shuts down has refused a request before it began. */
function isRefusedAtTheEnd(message: JSONRPCMessage): boolean {
  if (!("error" in message)) return false;
  const { data } = message.error;
  return typeof data === "object" && data !== null && "code" in data && data.code === "ERR_SHUTTING_DOWN";
}

function quote(method: string): string {
  return JSON.stringify(method.slice(0, 100));
}
