/**
 * One session of a 2025-era client over HTTP: a server object of its own, the answers that are open, and what runs.
 *
 * The SDK's transport does the protocol. What it leaves out is done here: an id can be in flight once only, a client
 * that leaves aborts what it asked, and what was cancelled is forgotten. Who may use a session is left to
 * `http_sessions.ts`.
 */

import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";
import type { AuthInfo, Implementation, JSONRPCMessage, RequestId, Server } from "@modelcontextprotocol/server";
import { getLogger } from "@logtape/logtape";
import { cancelledId, INVALID_REQUEST, isRequest } from "./json_rpc.ts";
import { rpcError } from "./rpc_response.ts";
import { watchBody } from "./watched_body.ts";

const log = getLogger(["luno-mcp-server", "http"]);

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

/** A session; its id is a secret of its client and belongs in no log. */
export class HttpSession {
  readonly id: string = crypto.randomUUID();
  readonly identity: string;
  /** When it began, monotonic. */
  readonly sinceMs: number;
  readonly #options: HttpSessionOptions;
  readonly #transport: WebStandardStreamableHTTPServerTransport;
  readonly #running = new Set<RequestId>();
  #streams = 0;
  #lastSeenMs: number;
  #reason: SessionEnd = "deleted";

  constructor(options: HttpSessionOptions) {
    this.#options = options;
    this.identity = options.identity;
    this.sinceMs = this.#lastSeenMs = options.now();
    this.#transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => this.id,
      keepAliveMs: options.keepAliveMs,
    });
    this.#transport.onclose = () => options.onEnd(this, this.#reason);
    this.#transport.onerror = (error) => log.debug("session", { error: error.message });
  }

  /** What the client calls itself. */
  get client(): Implementation | undefined {
    return this.#options.server.getClientVersion();
  }

  /** Requests that are not answered yet. */
  get inFlight(): number {
    return this.#running.size;
  }

  /** When a request last came or a stream last ended, monotonic. */
  get lastSeenMs(): number {
    return this.#lastSeenMs;
  }

  /** Whether a stream is open to its client. */
  get isBusy(): boolean {
    return this.#streams > 0;
  }

  /** Whether its handshake began. */
  get isInitialized(): boolean {
    return this.#transport.sessionId !== undefined;
  }

  /** Readies the server; to be called once. */
  async start(): Promise<void> {
    await this.#options.server.connect(this.#transport);
  }

  /** Answers a request of the client that this session belongs to; `message` is its body. */
  async handle(request: Request, { authInfo, message }: SessionRequest): Promise<Response> {
    this.#lastSeenMs = this.#options.now();
    if (message === undefined) return this.#watch(request, await this.#transport.handleRequest(request, { authInfo }));
    if (!isRequest(message)) {
      const response = await this.#transport.handleRequest(request, { parsedBody: message, authInfo });
      const cancelled = cancelledId(message);
      if (cancelled !== undefined) await this.#retire(cancelled);
      return response;
    }
    const { id, method } = message;
    if (this.#running.has(id)) return rpcError({ status: 400, id, error: ID_IN_USE });
    this.#running.add(id);
    const response = await this.#transport.handleRequest(request, { parsedBody: message, authInfo });
    return this.#watch(request, response, async (isWhole) => {
      if (isWhole || !this.#running.has(id)) this.#running.delete(id);
      else if (method === "initialize") await this.close("refused");
      else await this.#abandon(id);
    });
  }

  /** Ends the session, its streams and what runs. */
  async close(reason: SessionEnd): Promise<void> {
    this.#reason = reason;
    await this.#transport.close();
  }

  /** Counts a stream while it is open; a response without one has ended when it is made. */
  #watch(request: Request, response: Response, ended?: (isWhole: boolean) => Promise<void>): Response {
    if (!isEventStream(response)) {
      void ended?.(true);
      return response;
    }
    this.#streams++;
    return watchBody(response, request.signal, (isWhole) => {
      this.#streams--;
      this.#lastSeenMs = this.#options.now();
      void ended?.(isWhole);
    });
  }

  /** The client has left: nobody takes the answer, and nothing keeps it for later. */
  async #abandon(id: RequestId): Promise<void> {
    const params = { requestId: id, reason: "The client left" };
    this.#transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/cancelled", params });
    await this.#retire(id);
  }

  /** Ends the stream of a request that will not be answered; an answer to nobody makes the SDK forget its id. */
  async #retire(id: RequestId): Promise<void> {
    if (!this.#running.delete(id)) return;
    this.#transport.closeSSEStream(id);
    const answer = { jsonrpc: "2.0" as const, id, error: { code: INVALID_REQUEST, message: "Cancelled" } };
    await this.#transport.send(answer).catch(() => {}); // It was answered a moment ago.
  }
}

/** Tells whether a response is a stream of server-sent events. */
export function isEventStream(response: Response): boolean {
  return response.body !== null && response.headers.get("content-type") === "text/event-stream";
}

const ID_IN_USE = {
  code: INVALID_REQUEST,
  message: "Invalid request: id is in use by a request that is not answered yet",
};
