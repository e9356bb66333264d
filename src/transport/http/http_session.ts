/**
 * One session of a 2025-era client over HTTP, as the SDK's transport: which request an answer belongs to, the streams that
 * are open, and what runs. Every request is answered once, in the form that its client accepts, also when the session ends.
 *
 * A client since 2025-11-25 that loses a stream can take it up again for a moment; what an older one lost is aborted. Who
 * may use a session is left to `http_sessions.ts`, and what a request holds to whoever calls.
 */

import type {
  AuthInfo,
  Implementation,
  JSONRPCMessage,
  JSONRPCRequest,
  RequestId,
  Server,
  Transport,
  TransportSendOptions,
} from "@modelcontextprotocol/server";
import { getLogger } from "../../logging/logger.ts";
import { inRevisionOf } from "../../protocol/revision.ts";
import { acceptance, EVENTS_TYPE, JSON_TYPE } from "./accept.ts";
import { EventStream, readEventId } from "./event_stream.ts";
import { INVALID_REQUEST, SERVER_BUSY } from "../../errors/rpc_codes.ts";
import { cancelledId, isRequest, refusalOf } from "../json_rpc.ts";
import type { RpcError } from "../json_rpc.ts";
import { rpcError } from "./rpc_response.ts";
import { watchBody } from "./watched_body.ts";

const log = getLogger(["luno-mcp-server", "http"]);

/** Revisions from which on clients take up streams that they lost. */
const FIRST_RESUMABLE = "2025-11-25";

/** Streams that wait to be taken up again; what runs for others ends with their client's leaving. */
const MAX_LOST = 16;

/** The name of the stream that a client opens by GET. */
const OWN_STREAM = "0";

/** Why a session ended. */
export type SessionEnd = "deleted" | "idle" | "replaced" | "refused" | "shutdown";

/** What a session needs. */
export interface HttpSessionOptions {
  readonly identity: string;
  readonly server: Server;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Between comments on an open stream, in milliseconds. */
  readonly keepAliveMs: number;
  /** How long a stream that was lost can be taken up again, in milliseconds. */
  readonly resumeMs: number;
  /** Called once. */
  readonly onEnd: (session: HttpSession, reason: SessionEnd) => void;
}

/** What comes along with a request. */
export interface SessionRequest {
  /** Who calls, for the handlers. */
  readonly authInfo: AuthInfo;
  /** The request's body, where there is one. */
  readonly message?: JSONRPCMessage;
}

/** A request that is not answered yet, and where its answer goes. */
interface Exchange {
  readonly request: JSONRPCRequest;
  readonly stream?: EventStream;
  /** Hears the answer; `undefined` when there will be none. */
  readonly answer?: (answer: JSONRPCMessage | undefined) => void;
}

/** A session; its id is a secret of its client and belongs in no log. */
export class HttpSession implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly id: string = crypto.randomUUID();
  readonly identity: string;
  /** When it began, monotonic. */
  readonly sinceMs: number;
  readonly #options: HttpSessionOptions;
  readonly #exchanges = new Map<RequestId, Exchange>();
  /** Those that are read, or can be taken up again. */
  readonly #streams = new Map<string, EventStream>();
  /** Ends what nobody has taken up again. */
  readonly #timers = new Map<EventStream, ReturnType<typeof setTimeout>>();
  readonly #readers = new Map<EventStream, number>();
  #versions: readonly string[] = [];
  #version = "";
  #names = 0;
  #open = 0;
  #lastSeenMs: number;
  #hasEnded = false;

  constructor(options: HttpSessionOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.sinceMs = this.#lastSeenMs = options.now();
  }

  /** What the client calls itself. */
  get client(): Implementation | undefined {
    return this.#options.server.getClientVersion();
  }

  /** Requests that are not answered yet. */
  get inFlight(): number {
    return this.#exchanges.size;
  }

  /** When a request last came or a stream last ended, monotonic. */
  get lastSeenMs(): number {
    return this.#lastSeenMs;
  }

  /** Whether a stream is open to its client, or a request runs. */
  get isBusy(): boolean {
    return this.#open > 0 || this.#exchanges.size > 0;
  }

  get sessionId(): string {
    return this.id;
  }

  setSupportedProtocolVersions(versions: string[]): void {
    this.#versions = versions;
  }

  /** Readies the server; to be called once. */
  async connect(): Promise<void> {
    await this.#options.server.connect(this);
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Answers a request of the client that this session belongs to; `message` is its body. */
  async handle(request: Request, { authInfo, message }: SessionRequest): Promise<Response> {
    this.#lastSeenMs = this.#options.now();
    const version = request.headers.get("mcp-protocol-version");
    if (version !== null && !isInitialize(message) && !this.#versions.includes(version)) {
      return this.#refuse(message, `expected MCP-Protocol-Version to be one of ${this.#versions.join(", ")}`);
    }
    if (request.method === "DELETE") return await this.#delete();
    if (message === undefined) return this.#openOwnStream(request);
    if (isRequest(message)) return await this.#answer(request, message, authInfo);
    const cancelled = cancelledId(message);
    if (cancelled === undefined) this.onmessage?.(message, { authInfo, request });
    else this.#cancel(cancelled, message);
    return new Response(null, { status: 202, headers: this.#headers });
  }

  /** Sends what the SDK answers or asks. */
  send(message: JSONRPCMessage, options: TransportSendOptions = {}): Promise<void> {
    const id = "method" in message ? options.relatedRequestId : message.id;
    const exchange = id === undefined ? undefined : this.#exchanges.get(id);
    if ("method" in message) (exchange?.stream ?? this.#streams.get(OWN_STREAM))?.send(message);
    else if (exchange !== undefined) this.#finish(exchange, inRevisionOf(exchange.request, message));
    return Promise.resolve();
  }

  /** What the SDK calls. */
  close(): Promise<void> {
    return this.end("shutdown");
  }

  /** Ends the session and its streams; what runs is aborted and answered with an error. */
  end(reason: SessionEnd): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    this.#hasEnded = true;
    for (const exchange of [...this.#exchanges.values()]) {
      this.#finish(exchange, { jsonrpc: "2.0", id: exchange.request.id, error: SESSION_ENDED });
    }
    for (const stream of this.#streams.values()) stream.end();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#options.onEnd(this, reason);
    this.onclose?.();
    return Promise.resolve();
  }

  get #headers(): Readonly<Record<string, string>> {
    return { "mcp-session-id": this.id };
  }

  async #delete(): Promise<Response> {
    await this.end("deleted");
    return new Response(null, { status: 200 });
  }

  async #answer(request: Request, message: JSONRPCRequest, authInfo: AuthInfo): Promise<Response> {
    const { id } = message;
    if (this.#exchanges.has(id)) return this.#refuse(message, ID_IN_USE);
    if (isInitialize(message) && this.#version !== "") return this.#refuse(message, "the session is initialized");
    const accept = request.headers.get("accept");
    const events = acceptance(accept, EVENTS_TYPE);
    const json = acceptance(accept, JSON_TYPE);
    if (events === 0 && json === 0) return notAcceptable(message);
    const deliver = () => this.onmessage?.(message, { authInfo, request });
    if (json > events) return await this.#answerWhole(request, message, deliver);
    const stream = this.#createStream(String(++this.#names));
    this.#exchanges.set(id, { request: message, stream });
    const response = this.#read(request, stream);
    deliver();
    return response;
  }

  /** Answers with one JSON value once there is an answer. */
  async #answerWhole(request: Request, message: JSONRPCRequest, deliver: () => void): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<JSONRPCMessage | undefined>();
    const leave = () => this.#abandon(message.id);
    request.signal.addEventListener("abort", leave, { once: true });
    this.#exchanges.set(message.id, { request: message, answer: resolve });
    deliver();
    const answer = await promise ?? { jsonrpc: "2.0", id: message.id, error: CANCELLED };
    request.signal.removeEventListener("abort", leave);
    this.#lastSeenMs = this.#options.now();
    return Response.json(answer, { headers: this.#headers });
  }

  /** The stream for what belongs to no request, or one that its client lost. */
  #openOwnStream(request: Request): Response {
    if (acceptance(request.headers.get("accept"), EVENTS_TYPE) === 0) return notAcceptable();
    const lastId = request.headers.get("last-event-id");
    const last = lastId === null ? undefined : readEventId(lastId);
    const lost = last && this.#streams.get(last.name);
    if (last !== undefined && lost !== undefined) return this.#read(request, lost, last.number);
    if (lastId !== null && last?.name !== OWN_STREAM) {
      return this.#refuse(undefined, "expected Last-Event-ID of a stream that has not been read to its end");
    }
    const own = this.#streams.get(OWN_STREAM) ?? this.#createStream(OWN_STREAM);
    return this.#read(request, own);
  }

  #createStream(name: string): EventStream {
    const { keepAliveMs } = this.#options;
    const stream = new EventStream({ name, isResumable: this.#version >= FIRST_RESUMABLE, keepAliveMs });
    this.#streams.set(name, stream);
    return stream;
  }

  #read(request: Request, stream: EventStream, after?: number): Response {
    const number = (this.#readers.get(stream) ?? 0) + 1;
    this.#readers.set(stream, number);
    clearTimeout(this.#timers.get(stream));
    this.#timers.delete(stream);
    this.#open++;
    const headers = { ...EVENT_HEADERS, ...this.#headers };
    return watchBody(new Response(stream.read(after), { headers }), request.signal, (isWhole) => {
      this.#open--;
      this.#lastSeenMs = this.#options.now();
      if (this.#readers.get(stream) === number) this.#left(stream, isWhole);
    });
  }

  /** The last reader of a stream has gone, after its end or before. */
  #left(stream: EventStream, isWhole: boolean): void {
    const exchange = [...this.#exchanges.values()].find((candidate) => candidate.stream === stream);
    const isKept = !isWhole && !this.#hasEnded && stream.isResumable && this.#timers.size < MAX_LOST;
    if (!isKept) return this.#forget(stream, exchange);
    this.#timers.set(stream, setTimeout(() => this.#forget(stream, exchange), this.#options.resumeMs));
  }

  #forget(stream: EventStream, exchange: Exchange | undefined): void {
    this.#timers.delete(stream);
    this.#readers.delete(stream);
    this.#streams.delete(stream.name);
    if (exchange === undefined || this.#exchanges.get(exchange.request.id) !== exchange) return;
    if (isInitialize(exchange.request)) void this.end("refused");
    else this.#abandon(exchange.request.id);
  }

  /** The client has left: nobody takes the answer. */
  #abandon(id: RequestId): void {
    const params = { requestId: id, reason: "The client left" };
    this.#cancel(id, { jsonrpc: "2.0", method: "notifications/cancelled", params });
  }

  /**
   * Ends a request that will not be answered. The SDK aborts whatever has the id a moment after it was told, so it is told
   * of requests that run alone, and the id is free only then.
   */
  #cancel(id: RequestId, notification: JSONRPCMessage): void {
    const exchange = this.#exchanges.get(id);
    if (exchange === undefined) return;
    this.onmessage?.(notification);
    queueMicrotask(() => {
      if (this.#exchanges.get(id) !== exchange) return;
      this.#exchanges.delete(id);
      exchange.stream?.end();
      exchange.answer?.(undefined);
    });
  }

  #finish({ request, stream, answer }: Exchange, message: JSONRPCMessage): void {
    this.#exchanges.delete(request.id);
    stream?.send(message);
    stream?.end();
    answer?.(message);
    if (!isInitialize(request)) return;
    if ("result" in message) this.#version = String(message.result.protocolVersion);
    else void this.end("refused");
  }

  #refuse(message: JSONRPCMessage | undefined, problem: string): Response {
    const id = message !== undefined && isRequest(message) ? message.id : null;
    log.debug("message ignored", { problem });
    return rpcError({ status: 400, id, error: { code: INVALID_REQUEST, message: `Invalid request: ${problem}` } });
  }
}

/** Tells whether a response is a stream of server-sent events. */
export function isEventStream(response: Response): boolean {
  return response.body !== null && response.headers.get("content-type") === EVENTS_TYPE;
}

/** 406: the client takes an answer in none of the forms that there are. */
export function notAcceptable(message?: JSONRPCRequest): Response {
  const text = `Not acceptable: expected Accept with ${message === undefined ? "" : `${JSON_TYPE} or `}${EVENTS_TYPE}`;
  return rpcError({ status: 406, id: message?.id ?? null, error: { code: SERVER_BUSY, message: text } });
}

function isInitialize(message: JSONRPCMessage | undefined): boolean {
  return message !== undefined && isRequest(message) && message.method === "initialize";
}

/** Headers of a stream, which no proxy should buffer. */
export const EVENT_HEADERS = {
  "content-type": EVENTS_TYPE,
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
} as const;

const ID_IN_USE = "id is in use by a request that is not answered yet";

const CANCELLED: RpcError = { code: SERVER_BUSY, message: "Cancelled by the client" };

const SESSION_ENDED = refusalOf(
  "ERR_SESSION_ENDED",
  "The session ended before this request was answered: whether it took effect is not known",
);
