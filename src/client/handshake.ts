/**
 * Remembers the handshake that a 2025-era client does once, and does it again on every further connection. The 2026 era
 * has none, so there is nothing to remember.
 */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/client";
import { isRequest } from "../transport/json_rpc.ts";
import { ConnectionError } from "./connection_error.ts";

type Resumed = ReturnType<typeof Promise.withResolvers<void>>;

/** The handshake between one local client and its server. */
export class Handshake {
  /** Id of the repetitions; no client chooses this one. */
  readonly #id = `luno-mcp-bridge:${crypto.randomUUID()}`;
  #initialize: JSONRPCRequest | undefined;
  #initialized: JSONRPCMessage | undefined;
  /** What server and client agreed on at first. */
  #version: unknown;
  #resumed: Resumed | undefined;
  #send: ((message: JSONRPCMessage) => void) | undefined;

  /** Sees every message of the local client. */
  fromClient(message: JSONRPCMessage): void {
    if (isRequest(message) && message.method === "initialize") {
      this.#initialize = message;
      this.#initialized = undefined;
      this.#version = undefined;
    }
    if ("method" in message && message.method === "notifications/initialized") this.#initialized = message;
  }

  /** Sees every message of the server; answers whether it was meant for the handshake alone. */
  fromServer(message: JSONRPCMessage): boolean {
    if ("method" in message) return false;
    if (message.id === this.#initialize?.id && "result" in message) this.#version ??= message.result.protocolVersion;
    if (message.id !== this.#id) return false;
    if ("error" in message) {
      this.#settle(new ConnectionError("ERR_CLOSED", `Server refused to resume the session: ${message.error.code}`));
    } else if (message.result.protocolVersion !== this.#version) {
      this.#settle(new ConnectionError("ERR_HANDSHAKE", "The server speaks another version of the protocol now"));
    } else this.#settle();
    return true;
  }

  /** Starts over on a new connection; `undefined` where the client has not finished a handshake before. */
  resume(send: (message: JSONRPCMessage) => void): Promise<void> | undefined {
    if (this.#initialize === undefined || this.#version === undefined) return undefined;
    this.#resumed = Promise.withResolvers();
    this.#send = send;
    send({ ...this.#initialize, id: this.#id });
    return this.#resumed.promise;
  }

  /** Gives up what `resume` has begun. */
  fail(cause: ConnectionError): void {
    this.#settle(cause);
  }

  #settle(failure?: ConnectionError): void {
    const resumed = this.#resumed;
    this.#resumed = undefined;
    if (failure !== undefined) return resumed?.reject(failure);
    if (this.#initialized !== undefined) this.#send?.(this.#initialized);
    resumed?.resolve();
  }
}
