/**
 * One HTTP session of a client of revision 2025-11-25 or earlier, as the SDK's transport: matches answers to requests,
 * and keeps the open streams and running requests. Every request is answered once, in a form that its client accepts,
 * even when the session ends.
 *
 * A client since revision 2025-11-25 can continue a lost stream for a while; requests of earlier clients are aborted
 * with their stream. `http_sessions.ts` decides who may use a session; the caller validates requests.
 */

import { createHash } from "node:crypto";
import type {
  Implementation,
  JSONRPCMessage,
  JSONRPCRequest,
  Server,
  Transport,
  TransportSendOptions,
} from "@modelcontextprotocol/server";
import { claimsRevision, LEGACY_REVISIONS } from "../../protocol/envelope.ts";
import type { ReadyAnswers } from "../../protocol/ready_answers.ts";
import type { Answer } from "../../protocol/answer.ts";
import { isSubscriptionRequest } from "../../protocol/resource_subscriptions.ts";
import { inRevisionOf } from "../../protocol/revision.ts";
import { publicSessionId } from "../../session/session_store.ts";
import type { SessionChange, SessionStore, TakenSession } from "../../session/session_store.ts";
import { whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import type { Caller, CallerFacts } from "../../access/caller.ts";
import { formsOf } from "./accept.ts";
import { toAuthInfo } from "./auth_info.ts";
import { readEventId } from "./event_stream.ts";
import type { EventStream } from "./event_stream.ts";
import type { SubscriptionPath } from "../channel_parts.ts";
import { cancelledId, isRequest } from "../json_rpc.ts";
import { answerMessage } from "./listening.ts";
import type { Subscribe } from "./listening.ts";
import { OpenRequests } from "./open_requests.ts";
import type { OpenRequest } from "./open_requests.ts";
import { CANCELLED, ID_IN_USE, notAcceptable, refuseInvalid, unanswered } from "./session_answers.ts";
import { SessionKeeping } from "./session_keeping.ts";
import type { SessionEnd } from "./session_keeping.ts";
import { SessionServer } from "./session_server.ts";
import { webRequestOf } from "../listeners/http_request.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import type { HttpAnswer } from "../listeners/whole_answer.ts";
import { wholeAnswer } from "./plain_request.ts";
import type { PlainRequest } from "./plain_request.ts";
import { RunningCall } from "./running_call.ts";
import type { SessionRequest } from "./session_request.ts";
import { OWN_STREAM, SessionStreams } from "./session_streams.ts";

/** Revisions in which clients can continue lost streams. */
const FIRST_RESUMABLE = "2025-11-25";

const NEVER = new AbortController().signal;

/** What a session needs. */
export interface HttpSessionOptions {
  readonly identity: string;
  /** Creates the session's server, with the first message that needs one. */
  readonly createServer: () => Server;
  /**
   * Answers the opening without a server.
   *
   * @default the server does
   */
  readonly ready?: ReadyAnswers | undefined;
  /**
   * Creates the client's subscriptions.
   *
   * @default the SDK handles them
   */
  readonly subscribe?: Subscribe | undefined;
  /** Stores the session for other servers. */
  readonly store: SessionStore;
  /** Present when another process had it before. */
  readonly taken?: TakenSession;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Interval of comments on an open stream, in milliseconds. */
  readonly keepAliveMs: number;
  /** How long a lost stream can be continued, in milliseconds. */
  readonly resumeMs: number;
  /** Called once. */
  readonly onEnd: (session: HttpSession, reason: SessionEnd) => void;
}

/** A session; its id is a secret of its client and is never logged. */
export class HttpSession implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly id: string;
  readonly identity: string;
  /** When it began, in monotonic milliseconds. */
  readonly sinceMs: number;
  readonly #options: HttpSessionOptions;
  readonly #requests = new OpenRequests((notification) => this.onmessage?.(notification));
  readonly #streams: SessionStreams;
  readonly #keeping: SessionKeeping;
  readonly #server: SessionServer;
  readonly #unwatch: () => void;
  /** The caller of the latest request. */
  #caller: Caller | undefined;
  /** The client with the rights of its latest request: while a session lasts, keys are rotated and tokens renewed. */
  readonly #present: CallerFacts;
  #subscriptions: SubscriptionPath | undefined;
  #version = "";
  #client: Implementation | undefined;
  #lastSeenMs: number;
  #hasEnded = false;

  constructor(options: HttpSessionOptions) {
    const { store, taken, now, keepAliveMs, resumeMs } = options;
    this.#options = options;
    this.id = taken?.id ?? crypto.randomUUID();
    this.identity = options.identity;
    this.#present = { identity: options.identity, allows: (scope) => this.#caller?.allows(scope) ?? false };
    this.sinceMs = this.#lastSeenMs = now();
    this.#keeping = new SessionKeeping({ id: this.id, identity: this.identity, store, taken, now });
    const { createServer } = options;
    this.#server = new SessionServer({
      createServer,
      session: this,
      requests: this.#requests,
      keeping: this.#keeping,
      takes: (message) => this.#takes(message),
    });
    this.#unwatch = this.#keeping.watch((change) => this.#changed(change));
    this.#streams = new SessionStreams({
      log: store.eventsOf(this.id),
      times: taken?.times ?? 0,
      keepAliveMs,
      resumeMs,
      left: () => this.#lastSeenMs = now(),
      forgotten: (stream) => this.#forgotten(stream),
    });
  }

  /** Its public id, for operators. */
  get publicId(): string {
    return publicSessionId(createHash("sha256").update(this.id).digest("hex"));
  }

  /** The client's name for itself. */
  get client(): Implementation | undefined {
    return this.#client;
  }

  /** The number of unanswered requests. */
  get inFlight(): number {
    return this.#requests.size;
  }

  /** When the last request came or the last stream ended, in monotonic milliseconds. */
  get lastSeenMs(): number {
    return this.#lastSeenMs;
  }

  /** Whether a stream is open, or a request is running. */
  get isBusy(): boolean {
    return this.#streams.open > 0 || this.#requests.size > 0;
  }

  get sessionId(): string {
    return this.id;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  /** Marks it as used. */
  touch(): void {
    this.#keeping.touch();
  }

  /** Continues where another process left off; returns whether that succeeded. */
  goOn(caller: Caller): Awaitable<boolean> {
    this.#caller = caller;
    return this.#server.connect(toAuthInfo(caller));
  }

  /** Answers a request of the session's client; `message` is its body. */
  handle(request: HttpRequest, sent: SessionRequest): Awaitable<HttpAnswer> {
    const { message, caller } = sent;
    this.#caller = caller;
    this.#lastSeenMs = this.#options.now();
    this.#keeping.touch();
    const version = request.headers.get("mcp-protocol-version");
    if (version !== null && !isInitialize(message) && !LEGACY_REVISIONS.includes(version)) {
      return refuseInvalid(message, `expected MCP-Protocol-Version to be one of ${LEGACY_REVISIONS.join(", ")}`);
    }
    if (request.method === "DELETE") return this.#delete();
    if (message === undefined) return this.#openOwnStream(request);
    if (isRequest(message)) return this.#answer(request, message, sent);
    const cancelled = cancelledId(message);
    const accepted = () => new Response(null, { status: 202, headers: this.#headers });
    if (cancelled === undefined) {
      const extra = { authInfo: toAuthInfo(caller), request: webRequestOf(request) };
      return whenAnswered(this.#server.hear(message, extra), accepted);
    }
    this.#requests.cancel(cancelled, message);
    return accepted();
  }

  /** Sends a message of the SDK. */
  send(message: JSONRPCMessage, options: TransportSendOptions = {}): Promise<void> {
    const id = "method" in message ? options.relatedRequestId : message.id;
    const open = id === undefined ? undefined : this.#requests.get(id);
    if ("method" in message) (open?.stream ?? this.#streams.get(OWN_STREAM))?.send(message);
    else if (open !== undefined) this.#answered(open, inRevisionOf(open.request, message));
    return Promise.resolve();
  }

  /** Called by the SDK. */
  close(): Promise<void> {
    return this.end("shutdown");
  }

  /** Ends the session and its streams; running requests are aborted and answered with an error. */
  end(reason: SessionEnd): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    this.#hasEnded = true;
    this.#subscriptions?.close();
    this.#requests.deliverAll(unanswered);
    this.#unwatch();
    this.#streams.end(this.#keeping.end(reason));
    this.#options.onEnd(this, reason);
    this.onclose?.();
    return Promise.resolve();
  }

  /** Another server has ended the session, or changed its subscriptions. */
  #changed(change: SessionChange): void {
    if (change.kind === "ended") void this.end("deleted");
    else if (this.#caller !== undefined) void this.#server.watch(change.subscriptions, toAuthInfo(this.#caller));
  }

  /** Answers a subscription request; returns whether it is one. */
  #takes(message: JSONRPCRequest): boolean {
    const answer = isSubscriptionRequest(message) ? this.#subscribe(message) : undefined;
    if (answer === undefined) return false;
    void whenAnswered(answer, (answer) => {
      const open = this.#requests.get(message.id);
      if (open !== undefined) this.#answered(open, answerMessage(message, answer));
    });
    return true;
  }

  #subscribe(message: JSONRPCRequest): Awaitable<Answer> | undefined {
    this.#subscriptions ??= this.#options.subscribe?.({
      caller: this.#present,
      era: "legacy",
      send: (notification) => void this.send(notification),
      isReading: () => this.#streams.get(OWN_STREAM)?.isTaken ?? false,
    });
    return this.#subscriptions?.take(message, NEVER);
  }

  get #headers(): Readonly<Record<string, string>> {
    return { "mcp-session-id": this.id };
  }

  async #delete(): Promise<Response> {
    await this.end("deleted");
    return new Response(null, { status: 200 });
  }

  #answer(
    request: HttpRequest,
    message: JSONRPCRequest,
    { caller, plain }: SessionRequest,
  ): Awaitable<HttpAnswer> {
    if (this.#requests.get(message.id) !== undefined) return refuseInvalid(message, ID_IN_USE);
    if (plain !== undefined && this.#version !== "") return this.#answerPlain(request, plain, caller);
    return this.#answerBySdk(request, message, caller);
  }

  #answerBySdk(request: HttpRequest, message: JSONRPCRequest, caller: Caller): Awaitable<Response> {
    const { id } = message;
    if (isInitialize(message) && this.#version !== "") return refuseInvalid(message, "the session is initialized");
    const { json, events } = formsOf(request.headers.get("accept"));
    if (events === 0 && json === 0) return notAcceptable(message);
    const { ready } = this.#options;
    const deliver = ready !== undefined && isInitialize(message) && !claimsRevision(message.params)
      ? () => this.send({ result: JSON.parse(ready.initialize(message.params?.protocolVersion)), jsonrpc: "2.0", id })
      : () => this.#server.answer(message, { authInfo: toAuthInfo(caller), request: webRequestOf(request) });
    if (json > events) return this.#answerWhole(request, message, deliver);
    const stream = this.#streams.create(id, { isResumable: this.#isResumable });
    const open = { request: message, stream };
    this.#requests.add(open);
    const response = this.#streams.respond(request, stream, { headers: this.#headers });
    // A server that continues the session must know of the request; it may have been cancelled meanwhile.
    void whenAnswered(stream.begun, () => this.#requests.get(id) === open ? deliver() : undefined);
    return response;
  }

  /** Answers a plain call, synchronously if possible. Only the answer to `initialize` has to name the session. */
  #answerPlain(request: HttpRequest, plain: PlainRequest, caller: Caller): Awaitable<HttpAnswer> {
    const begun = RunningCall.begin(plain, { request, caller });
    if (!(begun instanceof RunningCall)) return wholeAnswer(plain, begun);
    return this.#requests.run(plain.message, begun).then((answer) => {
      this.#lastSeenMs = this.#options.now();
      return wholeAnswer(plain, answer);
    });
  }

  /** Answers with one JSON value once there is an answer. */
  async #answerWhole(request: HttpRequest, message: JSONRPCRequest, deliver: () => Promise<void>): Promise<Response> {
    const { promise, resolve } = Promise.withResolvers<JSONRPCMessage | undefined>();
    const leave = () => this.#requests.abandon(message.id);
    request.signal.addEventListener("abort", leave, { once: true });
    this.#requests.add({ request: message, answer: resolve });
    void deliver();
    const answer = await promise ?? { jsonrpc: "2.0", id: message.id, error: CANCELLED };
    request.signal.removeEventListener("abort", leave);
    this.#lastSeenMs = this.#options.now();
    return Response.json(answer, { headers: this.#headers });
  }

  /** The stream for messages that belong to no request, or a lost one. */
  #openOwnStream(request: HttpRequest): Awaitable<Response> {
    if (formsOf(request.headers.get("accept")).events === 0) return notAcceptable();
    const lastId = request.headers.get("last-event-id");
    const headers = this.#headers;
    if (lastId === null) {
      return this.#streams.respond(request, this.#streams.own({ isResumable: this.#isResumable }), { headers });
    }
    const last = this.#isResumable ? readEventId(lastId) : undefined;
    return whenAnswered(last && this.#streams.takeUp(last, unanswered), (stream) => {
      if (last !== undefined && stream !== undefined) {
        return this.#streams.respond(request, stream, { headers, after: last.number });
      }
      return refuseInvalid(undefined, "expected Last-Event-ID of a stream that has not been read to its end");
    });
  }

  get #isResumable(): boolean {
    return this.#version >= FIRST_RESUMABLE;
  }

  /** Nobody will read a stream: its request is cancelled. */
  #forgotten(stream: EventStream): void {
    const open = this.#requests.of(stream);
    if (open === undefined) return;
    if (isInitialize(open.request)) void this.end("refused");
    else this.#requests.abandon(open.request.id);
  }

  /** The SDK has answered: the session's state is stored before its client sees the answer. */
  #answered(open: OpenRequest, message: JSONRPCMessage): void {
    const isOpening = isInitialize(open.request);
    if (isOpening && "result" in message) {
      this.#version = String(message.result.protocolVersion);
      this.#client = open.request.params?.clientInfo as Implementation;
    }
    void whenAnswered(this.#keeping.answered(open, message), () => {
      this.#requests.deliver(open, message);
      if (isOpening && !("result" in message)) void this.end("refused");
    });
  }
}

function isInitialize(message: JSONRPCMessage | undefined): boolean {
  return message !== undefined && isRequest(message) && message.method === "initialize";
}
