/**
 * Streamable HTTP, one endpoint for all protocol revisions: requests of 2026-07-28 are self-contained, clients of
 * earlier revisions get sessions.
 *
 * Authentication and origin checks come before.
 */

import { createMcpHandler, isLegacyRequest } from "@modelcontextprotocol/server";
import type { JSONRPCMessage, JSONRPCRequest, RequestId, Server } from "@modelcontextprotocol/server";
import { getLogger } from "../../logging/logger.ts";
import type { Caller } from "../../access/caller.ts";
import { formsOf } from "./accept.ts";
import { toAuthInfo } from "./auth_info.ts";
import { isEventStream } from "./event_stream.ts";
import { Listening } from "./listening.ts";
import type { Subscribe } from "./listening.ts";
import {
  busy,
  internalError,
  methodNotAllowed,
  METHODS,
  missingSession,
  refused,
  refuseParams,
  refuseUnread,
  tooManySessions,
  unknownSession,
  unreadableBody,
} from "./endpoint_refusals.ts";
import { notAcceptable } from "./session_answers.ts";
import { EVENT_HEADERS } from "./session_streams.ts";
import type { SessionRequest } from "./session_request.ts";
import { HttpSessions } from "./http_sessions.ts";
import type { HttpSessionsOptions } from "./http_sessions.ts";
import { claimsRevision } from "../../protocol/envelope.ts";
import { isSubscriptionRequest } from "../../protocol/resource_subscriptions.ts";
import { isRequest, readMessage, readText, refuseDuplicates, requestIdOf } from "../json_rpc.ts";
import type { Parsed, RpcError } from "../json_rpc.ts";
import { attempt, whenAnswered } from "../../timing/awaitable.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { during } from "../../timing/held_clocks.ts";
import type { HeldClocks } from "../../timing/held_clocks.ts";
import { webRequestOf } from "../listeners/http_request.ts";
import type { HttpRequest } from "../listeners/http_request.ts";
import type { HttpAnswer } from "../listeners/whole_answer.ts";
import { eraOf, readPlainRequest, wholeAnswer } from "./plain_request.ts";
import type { PlainAnswers, PlainRequest } from "./plain_request.ts";
import { readJsonBody } from "./request_body.ts";
import type { JsonBody } from "./request_body.ts";
import { RunningCall } from "./running_call.ts";

const log = getLogger(["luno-mcp-server", "http"]);

const SESSION_HEADER = "mcp-session-id";

/** The SDK's status for an aborted request. */
const ABORTED = 499;

/** Parts and limits of the endpoint. */
export interface StreamableHttpOptions {
  /** Creates a server object for a session or, in revision 2026-07-28, for a request. */
  readonly factory: () => Server;
  /**
   * Answers plain requests.
   *
   * @default the SDK does
   */
  readonly plain?: PlainAnswers;
  /**
   * Creates the subscriptions of a client.
   *
   * @default the SDK handles them
   */
  readonly subscribe?: Subscribe | undefined;
  /** Stores sessions, so that others can continue them. */
  readonly store: HttpSessionsOptions["store"];
  /** Largest request body, in bytes. */
  readonly maxBodySize: number;
  /** @default 1_000 */
  readonly maxSessions?: number;
  /**
   * The most sessions of one identity.
   *
   * @default 100 of each
   */
  readonly maxSessionsOf?: (identity: string) => number;
  /**
   * After this time a session without a request and without an open stream ends, in milliseconds.
   *
   * @default 1_800_000
   */
  readonly idleMs?: number;
  /**
   * Interval of comments on an open stream, in milliseconds.
   *
   * @default 15_000
   */
  readonly keepAliveMs?: number;
  /**
   * How long a lost stream can be continued, in milliseconds.
   *
   * @default 15_000
   */
  readonly resumeMs?: number;
  /**
   * Time limit of a request body, in milliseconds.
   *
   * @default 10_000
   */
  readonly bodyTimeoutMs?: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Held while a message is handled. @default the clocks always advance */
  readonly clocks?: Pick<HeldClocks, "during"> | undefined;
  /**
   * Returns why a request, or a body that is not a message, is refused; `data.retryAfterMs` becomes Retry-After. Not
   * called for pings.
   */
  readonly admit?: (request: JSONRPCRequest | undefined, caller: Caller) => Awaitable<RpcError | undefined>;
  /** Answers a request instead of the server when its caller needs another token. */
  readonly challenge?: (
    message: JSONRPCRequest,
    parts: { request: HttpRequest; caller: Caller },
  ) => Response | undefined;
  readonly observer?: HttpSessionsOptions["observer"];
}

/** The endpoint. */
export interface StreamableHttp {
  /**
   * Never rejects. When a client leaves, as seen by `request.signal` or the response's body, its requests are aborted.
   */
  fetch(request: HttpRequest, caller: Caller): Awaitable<HttpAnswer>;
  /** Open sessions. */
  readonly sessions: number;
  /** Ends every session and every running request; later requests are answered 503. */
  close(): Promise<void>;
}

/** Creates the endpoint. */
export function createStreamableHttp(options: StreamableHttpOptions): StreamableHttp {
  return new Endpoint(options);
}

class Endpoint implements StreamableHttp {
  readonly #options: StreamableHttpOptions;
  readonly #sessions: HttpSessions;
  readonly #stateless: ReturnType<typeof createMcpHandler>;
  /** Running plain requests of 2026-07-28. */
  readonly #running = new Set<RunningCall>();
  readonly #listening: Listening | undefined;
  #isClosed = false;

  constructor(options: StreamableHttpOptions) {
    this.#options = options;
    const { factory, store, now, keepAliveMs = 15_000, maxSessions = 1_000, maxSessionsOf = () => 100 } = options;
    this.#sessions = new HttpSessions({
      factory,
      ready: options.plain?.ready,
      store,
      now,
      keepAliveMs,
      resumeMs: options.resumeMs ?? 15_000,
      maxSessions,
      maxSessionsOf,
      idleMs: options.idleMs ?? 1_800_000,
      subscribe: options.subscribe,
      ...(options.observer === undefined ? {} : { observer: options.observer }),
    });
    if (options.subscribe !== undefined) this.#listening = new Listening(options.subscribe, { keepAliveMs });
    this.#stateless = createMcpHandler(() => factory(), {
      legacy: "reject",
      keepAliveMs,
      maxSubscriptions: maxSessions,
      onerror: (error) => log.debug("protocol error", { error: error.message }),
    });
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  fetch(request: HttpRequest, caller: Caller): Awaitable<HttpAnswer> {
    if (this.#isClosed) return busy("The server is shutting down");
    const { method } = request;
    if (!METHODS.includes(method)) return methodNotAllowed(method);
    return method === "POST" ? this.#post(request, caller) : guarded(method, () => this.#other(request, caller));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const running of this.#running) running.end();
    this.#listening?.close();
    await Promise.all([this.#sessions.close(), this.#stateless.close()]);
  }

  #post(request: HttpRequest, caller: Caller): Awaitable<HttpAnswer> {
    const { maxBodySize: maxSize, bodyTimeoutMs: timeoutMs = 10_000, clocks } = this.#options;
    const body = readJsonBody(request, { maxSize, timeoutMs });
    const answer = (body: JsonBody) =>
      during(clocks, () => guarded("POST", () => this.#postBody(request, body, caller)));
    return whenAnswered(body, answer);
  }

  #postBody(request: HttpRequest, body: JsonBody, caller: Caller): Awaitable<HttpAnswer> {
    const { admit } = this.#options;
    // A body that is not a message counts against the limit like a request.
    const unread = (id: RequestId | null, answer: () => Response) =>
      whenAnswered(admit?.(undefined, caller), (refusal) => refusal === undefined ? answer() : refused(id, refusal));
    if (body.text === undefined) {
      return unread(null, () => unreadableBody(body));
    }
    if (this.#isClosed) return busy("The server is shutting down");
    const read = readBody(body);
    if (read.kind === "refused") {
      return unread(read.ids[0] ?? null, () => refuseUnread(read.ids, read.error));
    }
    const { message } = read;
    const admitted = isRequest(message) && message.method !== "ping" ? admit?.(message, caller) : undefined;
    return whenAnswered(
      admitted,
      (refusal) =>
        refusal === undefined ? this.#take(request, message, caller) : refused(requestIdOf(message), refusal),
    );
  }

  /** Answers an admitted message. */
  #take(request: HttpRequest, message: JSONRPCMessage, caller: Caller): Awaitable<HttpAnswer> {
    const invalid = refuseParams(message);
    if (invalid !== undefined) return invalid;
    const challenge = isRequest(message) ? this.#options.challenge?.(message, { request, caller }) : undefined;
    if (challenge !== undefined) return challenge;
    const { plain: answers } = this.#options;
    const plain = answers && isRequest(message) ? readPlainRequest(answers, request, message) : undefined;
    if (plain?.era === "legacy") return this.#postToSession(request, { message, caller, plain });
    if (plain !== undefined) return this.#answerAlone(request, plain, caller);
    return this.#leaveToSdk(request, message, caller);
  }

  /** Answers requests that are not plain: subscriptions, openings, and everything for the SDK. */
  async #leaveToSdk(request: HttpRequest, message: JSONRPCMessage, caller: Caller): Promise<HttpAnswer> {
    if (
      isRequest(message) && isSubscriptionRequest(message, "modern") && eraOf(request.headers, message) === "modern"
    ) {
      const response = this.#listening?.answer(request, message, caller);
      if (response !== undefined) return response;
    }
    const isOpening = isRequest(message) && message.method === "initialize" && !claimsRevision(message.params);
    if (isOpening || await isLegacyRequest(webRequestOf(request), message)) {
      return await this.#postToSession(request, { message, caller });
    }
    return await this.#postAlone(request, message, caller);
  }

  /** Answers a plain request of 2026-07-28, synchronously if possible. */
  #answerAlone(request: HttpRequest, plain: PlainRequest, caller: Caller): Awaitable<HttpAnswer> {
    const begun = RunningCall.begin(plain, { request, caller });
    return begun instanceof RunningCall ? this.#await(begun, plain) : wholeAnswer(plain, begun);
  }

  async #await(running: RunningCall, plain: PlainRequest): Promise<HttpAnswer> {
    this.#running.add(running);
    const answer = await running.answer;
    this.#running.delete(running);
    return answer === undefined ? busy("The server is shutting down", plain.message) : wholeAnswer(plain, answer);
  }

  /** Answers a message of 2026-07-28, which needs no session, in a form that the client accepts. */
  async #postAlone(request: HttpRequest, message: JSONRPCMessage, caller: Caller): Promise<Response> {
    const { json, events } = formsOf(request.headers.get("accept"));
    const [takesJson, takesEvents] = [json > 0, events > 0];
    const isTaken = takesEvents || (takesJson && "method" in message && message.method !== "subscriptions/listen");
    if (isRequest(message) && !isTaken) return notAcceptable(message);
    const response = await this.#stateless.fetch(webRequestOf(request), {
      parsedBody: message,
      authInfo: toAuthInfo(caller),
    });
    if (response.status === ABORTED && !request.signal.aborted) return busy("The server is shutting down", message);
    if (takesJson || response.status !== 200 || !isRequest(message) || isEventStream(response)) return response;
    return new Response(`event: message\ndata: ${await response.text()}\n\n`, { headers: EVENT_HEADERS });
  }

  #postToSession(
    request: HttpRequest,
    sent: SessionRequest & { readonly message: JSONRPCMessage },
  ): Awaitable<HttpAnswer> {
    const { message } = sent;
    const id = request.headers.get(SESSION_HEADER);
    if (id !== null) return whenAnswered(this.#handle(id, request, sent), (found) => found ?? unknownSession(message));
    if (!isRequest(message) || message.method !== "initialize") return missingSession(message);
    return this.#openSession(request, { ...sent, message });
  }

  async #openSession(
    request: HttpRequest,
    sent: SessionRequest & { readonly message: JSONRPCRequest },
  ): Promise<HttpAnswer> {
    const { message, caller } = sent;
    const session = this.#sessions.open(caller.identity);
    if (session === "full") return busy("Too many sessions", message);
    if (session === "busy") return tooManySessions(message);
    const response = await session.handle(request, sent);
    if (response instanceof Response && response.status !== 200) await session.end("refused");
    return response;
  }

  async #other(request: HttpRequest, caller: Caller): Promise<HttpAnswer> {
    const id = request.headers.get(SESSION_HEADER);
    if (id === null) return missingSession();
    return await this.#handle(id, request, { caller }) ?? unknownSession();
  }

  /** The answer of this caller's session; `undefined` when there is none. */
  #handle(id: string, request: HttpRequest, sent: SessionRequest): Awaitable<HttpAnswer | undefined> {
    return whenAnswered(this.#sessions.find(id, sent.caller), (session) => session?.handle(request, sent));
  }
}

/** The answer; a failure is logged and answered with 500. */
function guarded(method: string, answer: () => Awaitable<HttpAnswer>): Awaitable<HttpAnswer> {
  return attempt(answer, (error) => {
    log.error("internal error", { during: "request", transport: "http", method, error });
    return internalError();
  });
}

/** The message in a body, or its refusal with the id found in its text. */
function readBody(body: Exclude<JsonBody, { text?: undefined }>): Parsed {
  if (!body.ok || body.value === undefined) return readText(body.text);
  const read = readMessage(body.value);
  return read.kind === "message" ? refuseDuplicates(read.message, body.text) ?? read : read;
}
