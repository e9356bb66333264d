/**
 * The server object of one session: created with the first message that needs one, or at once when another process had
 * the session, and then brought into its state.
 */

import type { AuthInfo, JSONRPCMessage, JSONRPCRequest, Server, Transport } from "@modelcontextprotocol/server";
import { INTERNAL_ERROR } from "../../errors/rpc_codes.ts";
import { getLogger } from "../../logging/logger.ts";
import type { Awaitable } from "../../timing/awaitable.ts";
import { isRequest } from "../json_rpc.ts";
import type { RpcError } from "../json_rpc.ts";
import type { OpenRequests } from "./open_requests.ts";
import type { SessionKeeping } from "./session_keeping.ts";
import { SessionRepetition } from "./session_repetition.ts";

/** Passed along with a message, for the handlers. */
export interface MessageExtra {
  readonly authInfo: AuthInfo;
  readonly request?: Request;
}

/** What a session's server is created for. */
export interface SessionServerOptions {
  readonly createServer: () => Server;
  /** Its transport. */
  readonly session: Transport;
  readonly requests: OpenRequests;
  readonly keeping: SessionKeeping;
  /**
   * Answers a request that needs no server; returns whether it did.
   *
   * @default none do
   */
  readonly takes?: (message: JSONRPCRequest) => boolean;
}

const log = getLogger(["luno-mcp-server", "http"]);

const FAILED: RpcError = { code: INTERNAL_ERROR, message: "Internal error" };

/** The server object of one session. */
export class SessionServer {
  readonly #options: SessionServerOptions;
  readonly #repetition: SessionRepetition;
  /** Whether the client has sent `notifications/initialized`. */
  #isInitialized: boolean;
  #connecting: Promise<boolean> | undefined;
  #isConnected = false;

  constructor(options: SessionServerOptions) {
    this.#options = options;
    const { session, keeping, requests } = options;
    this.#isInitialized = keeping.taken !== undefined;
    this.#repetition = new SessionRepetition({
      keeping,
      requests,
      tell: (message, extra) => {
        const isTaken = isRequest(message) && options.takes?.(message) === true;
        if (!isTaken) session.onmessage?.(message, extra);
      },
    });
  }

  /**
   * Creates the server object if there is none, and brings it into the session's state; returns whether that succeeded.
   */
  connect(authInfo: AuthInfo): Awaitable<boolean> {
    if (this.#isConnected) return true;
    return this.#connecting ??= this.#connect(authInfo).catch((error) => {
      this.#connecting = undefined;
      throw error;
    });
  }

  /** Passes a notification or a response to it; before it is created, only whether the client is ready matters. */
  async hear(message: JSONRPCMessage, extra: MessageExtra): Promise<void> {
    if ("method" in message && message.method === "notifications/initialized") this.#isInitialized = true;
    if (this.#connecting === undefined) return;
    await this.#connecting.catch(() => {}); // The request for which it is created has this information.
    this.#options.session.onmessage?.(message, extra);
  }

  /**
   * Has it answer a request, unless that was cancelled meanwhile; when no server object can be created, nothing else
   * can answer.
   */
  async answer(message: JSONRPCRequest, extra: MessageExtra): Promise<void> {
    const { session, requests, takes } = this.#options;
    if (takes?.(message)) return;
    try {
      await this.connect(extra.authInfo);
      if (requests.get(message.id)?.request === message) session.onmessage?.(message, extra);
    } catch (error) {
      log.error("internal error", { during: "request", transport: "http", error });
      await session.send({ jsonrpc: "2.0", id: message.id, error: FAILED });
    }
  }

  /** Sets the subscribed resources. */
  async watch(uris: readonly string[], authInfo: AuthInfo): Promise<void> {
    try {
      await this.connect(authInfo);
      await this.#repetition.watch(uris, authInfo);
    } catch (error) {
      log.error("internal error", { during: "watch", transport: "http", error });
    }
  }

  async #connect(authInfo: AuthInfo): Promise<boolean> {
    const { createServer, session } = this.#options;
    await createServer().connect(session);
    this.#isConnected = await this.#repetition.open(authInfo, () => this.#isInitialized);
    return this.#isConnected;
  }
}
