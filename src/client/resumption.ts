/** Resumes a session on the next connection by a token, if the server offers that. */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/client";
import { isObject } from "../validation/is_object.ts";
import type { ConnectionError } from "./connection_error.ts";

/** A request of our server; others answer that the method is unknown. */
const RESUME_METHOD = "resume_session";

/** Sends a message on the present connection. */
type Send = (message: JSONRPCMessage) => void;

/** The resumable session of one local client. */
export class Resumption {
  /** Id of our requests; a random text that no client uses. */
  readonly #id = `luno-mcp-bridge:${crypto.randomUUID()}`;
  #token: string | undefined;
  /** The `_meta` with which the local client's requests name their revision. */
  #meta: unknown;
  /** Whether a token was requested on this connection. */
  #isAsked = false;
  #resumed: PromiseWithResolvers<boolean> | undefined;

  /** Requests a token, once per connection, in the protocol revision of the client's request. */
  ask(send: Send, params?: JSONRPCRequest["params"]): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    if (params !== undefined) this.#meta = params._meta;
    send(this.#request({}));
  }

  /**
   * Presents the token on a new connection; resolves to whether the session was resumed. Rejects with the error passed
   * to `fail`.
   */
  resume(send: Send): Promise<boolean> {
    this.#isAsked = false;
    const token = this.#token;
    this.#token = undefined;
    if (token === undefined) return Promise.resolve(false);
    this.#isAsked = true;
    this.#resumed = Promise.withResolvers();
    send(this.#request({ token }));
    return this.#resumed.promise;
  }

  /** Observes every message of the server; returns whether it answers a request of ours. */
  fromServer(message: JSONRPCMessage): boolean {
    if ("method" in message || message.id !== this.#id) return false;
    const result: unknown = "result" in message ? message.result : undefined;
    const { token, resumed } = isObject(result) ? result : {};
    if (typeof token === "string") this.#token = token;
    this.#resumed?.resolve(resumed === true);
    this.#resumed = undefined;
    return true;
  }

  /** Ends a pending `resume` with an error. */
  fail(cause: ConnectionError): void {
    this.#resumed?.reject(cause);
    this.#resumed = undefined;
  }

  #request(params: Record<string, unknown>): JSONRPCRequest {
    const _meta = isObject(this.#meta) ? { _meta: { ...this.#meta, progressToken: undefined } } : {};
    return { jsonrpc: "2.0", id: this.#id, method: RESUME_METHOD, params: { ...params, ..._meta } };
  }
}
