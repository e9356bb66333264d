/** Goes on with a session over the next connection, where the server offers that, by the token that it gave. */

import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/client";
import { isObject } from "../validation/is_object.ts";
import type { ConnectionError } from "./connection_error.ts";

/** A request of our server; others answer that they do not have it. */
const RESUME_METHOD = "resume_session";

/** Sends a message over the connection that there is. */
type Send = (message: JSONRPCMessage) => void;

/** The session of one local client. */
export class Resumption {
  /** Id of our requests; no client chooses this one. */
  readonly #id = `luno-mcp-bridge:${crypto.randomUUID()}`;
  #token: string | undefined;
  /** What the local client's requests name their revision with. */
  #meta: unknown;
  /** Whether this connection's server was asked for a token. */
  #isAsked = false;
  #resumed: PromiseWithResolvers<boolean> | undefined;

  /** Asks for a token, once on each connection; in the revision of a request of the client. */
  ask(send: Send, params?: JSONRPCRequest["params"]): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    if (params !== undefined) this.#meta = params._meta;
    send(this.#request({}));
  }

  /** Hands the token in on a new connection; whether the session goes on. Rejects with what `fail` was told. */
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

  /** Sees every message of the server; answers whether it was meant for us alone. */
  fromServer(message: JSONRPCMessage): boolean {
    if ("method" in message || message.id !== this.#id) return false;
    const result: unknown = "result" in message ? message.result : undefined;
    const { token, resumed } = isObject(result) ? result : {};
    if (typeof token === "string") this.#token = token;
    this.#resumed?.resolve(resumed === true);
    this.#resumed = undefined;
    return true;
  }

  /** Gives up what `resume` has begun. */
  fail(cause: ConnectionError): void {
    this.#resumed?.reject(cause);
    this.#resumed = undefined;
  }

  #request(params: Record<string, unknown>): JSONRPCRequest {
    const _meta = isObject(this.#meta) ? { _meta: { ...this.#meta, progressToken: undefined } } : {};
    return { jsonrpc: "2.0", id: this.#id, method: RESUME_METHOD, params: { ...params, ..._meta } };
  }
}
