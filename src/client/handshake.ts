/**
 * Remembers the one-time handshake of a client of revision 2025-11-25 or earlier, and repeats it on every further
 * connection. Revision 2026-07-28 has no handshake, so nothing is remembered.
 */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/client";
import { isRequest } from "../transport/json_rpc.ts";
import { ConnectionError } from "./connection_error.ts";

type Resumed = ReturnType<typeof Promise.withResolvers<void>>;

/** The handshake between one local client and its server. */
export class Handshake {
  /** Id of the repeated requests; a random text that no client uses. */
  readonly #id = `luno-mcp-bridge:${crypto.randomUUID()}`;
  #initialize: JSONRPCRequest | undefined;
  #initialized: JSONRPCMessage | undefined;
  /** The protocol version that server and client first agreed on. */
  #version: unknown;
  #resumed: Resumed | undefined;
  #send: ((message: JSONRPCMessage) => void) | undefined;

  /** Observes every message of the local client. */
  fromClient(message: JSONRPCMessage): void {
    if (isRequest(message) && message.method === "initialize") {
      this.#initialize = message;
      this.#initialized = undefined;
      this.#version = undefined;
    }
    if ("method" in message && message.method === "notifications/initialized") this.#initialized = message;
  }

  /** Observes every message of the server; returns whether it belongs to a repeated handshake. */
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

  /** Repeats the handshake on a new connection; `undefined` when the client has not completed one. */
  resume(send: (message: JSONRPCMessage) => void): Promise<void> | undefined {
    if (this.#initialize === undefined || this.#version === undefined) return undefined;
    this.#resumed = Promise.withResolvers();
    this.#send = send;
    send({ ...this.#initialize, id: this.#id });
    return this.#resumed.promise;
  }

  /** Ends a pending `resume` with an error. */
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
