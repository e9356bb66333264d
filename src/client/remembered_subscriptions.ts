/**
 * Remembers what a local client has subscribed to, and subscribes again on a server that does not know it. The client
 * does not notice, except that everything it watches is reported as changed.
 */

import type { JSONRPCMessage, JSONRPCRequest, RequestId } from "@modelcontextprotocol/client";
import { isRequest } from "../transport/json_rpc.ts";
import { isObject } from "../validation/is_object.ts";

const SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId";

/** Methods that subscribe and unsubscribe, with the resource or list that they refer to. */
const METHODS: Readonly<Record<string, { readonly about: "uri" | "pair"; readonly ends: boolean }>> = {
  "resources/subscribe": { about: "uri", ends: false },
  "resources/unsubscribe": { about: "uri", ends: true },
  "subscribe": { about: "pair", ends: false },
  "unsubscribe": { about: "pair", ends: true },
};

const LISTEN = "subscriptions/listen";

/** More subscriptions than our servers allow a client. */
const MAX_REMEMBERED = 1_000;

interface Stream {
  readonly request: JSONRPCRequest;
  isAcknowledged: boolean;
}

/** The subscriptions of one local client. */
export class RememberedSubscriptions {
  /** Prefix of our request ids; a random text that no client uses. */
  readonly #prefix = `luno-mcp-bridge:${crypto.randomUUID()}:`;
  /** Requests of the client that are not answered. */
  readonly #asked = new Map<RequestId, JSONRPCRequest>();
  /** Answered subscriptions, by what they refer to. */
  readonly #subscribed = new Map<string, JSONRPCRequest>();
  /** Streams of revision 2026-07-28, each open until its request is answered. */
  readonly #streams = new Map<RequestId, Stream>();
  /** Requests that were sent again, by our ids. */
  readonly #again = new Map<RequestId, string>();

  /** Whether there are no subscriptions. */
  get isEmpty(): boolean {
    return this.#subscribed.size === 0 && this.#streams.size === 0;
  }

  /** Requests whose streams are open; they are answered when the streams end. */
  get streams(): readonly JSONRPCRequest[] {
    return [...this.#streams.values()].flatMap(({ request, isAcknowledged }) => isAcknowledged ? [request] : []);
  }

  /** Whether a request opened a stream that is still open. */
  isStream(id: RequestId): boolean {
    return this.#streams.get(id)?.isAcknowledged ?? false;
  }

  /** Observes every request of the client; returns whether it is a subscription. */
  sent(request: JSONRPCRequest): boolean {
    if (this.#asked.size + this.#subscribed.size + this.#streams.size >= MAX_REMEMBERED) return false;
    if (request.method === LISTEN) this.#streams.set(request.id, { request, isAcknowledged: false });
    else if (Object.hasOwn(METHODS, request.method)) this.#asked.set(request.id, request);
    else return false;
    return METHODS[request.method]?.ends !== true;
  }

  /** The client has cancelled a request. */
  cancelled(id: RequestId): void {
    this.#asked.delete(id);
    this.#streams.delete(id);
  }

  /**
   * Observes every message of the server; returns the messages to forward instead, `undefined` to forward it unchanged.
   */
  fromServer(message: JSONRPCMessage): readonly JSONRPCMessage[] | undefined {
    if ("method" in message) return isRequest(message) ? undefined : this.#acknowledged(message);
    if (message.id === undefined) return undefined;
    const key = this.#again.get(message.id);
    if (key !== undefined) return this.#subscribedAgain(key, message);
    this.#streams.delete(message.id);
    const request = this.#asked.get(message.id);
    this.#asked.delete(message.id);
    if (request !== undefined && "result" in message) this.#remember(request, message.result);
    return undefined;
  }

  /** The connection ended, and with it the unanswered requests. */
  dropped(): void {
    this.#asked.clear();
    this.#again.clear();
    for (const [id, { isAcknowledged }] of this.#streams) if (!isAcknowledged) this.#streams.delete(id);
  }

  /** The requests to send to a server that does not know the client. */
  again(): readonly JSONRPCRequest[] {
    const single = [...this.#subscribed].map(([key, request], index) => {
      const id = `${this.#prefix}${index}`;
      this.#again.set(id, key);
      return { ...request, id };
    });
    return [...single, ...this.streams];
  }

  #remember(request: JSONRPCRequest, result: unknown): void {
    const { about = "uri", ends = false } = METHODS[request.method] ?? {};
    // A pair may be written in several ways; the server returns its canonical name.
    const name = isObject(result) && typeof result[about] === "string" ? result[about] : request.params?.[about];
    const key = `${about} ${name}`;
    if (ends) this.#subscribed.delete(key);
    else this.#subscribed.set(key, request);
  }

  #subscribedAgain(key: string, message: JSONRPCMessage): readonly JSONRPCMessage[] {
    const request = this.#subscribed.get(key);
    if (request === undefined || !("result" in message)) {
      this.#subscribed.delete(key);
      return [];
    }
    if (request.method === "subscribe") {
      return [{ jsonrpc: "2.0", method: "price_update", params: message.result }];
    }
    return [updated({ uri: request.params?.uri })];
  }

  /** A reopened stream was already acknowledged to the client. */
  #acknowledged(message: JSONRPCMessage): readonly JSONRPCMessage[] | undefined {
    if (!("method" in message) || message.method !== "notifications/subscriptions/acknowledged") return undefined;
    const { _meta = {}, notifications } = message.params ?? {};
    const id = _meta[SUBSCRIPTION_KEY];
    const stream = typeof id === "string" || typeof id === "number" ? this.#streams.get(id) : undefined;
    if (stream === undefined) return undefined;
    if (!stream.isAcknowledged) {
      stream.isAcknowledged = true;
      return undefined;
    }
    const uris = isObject(notifications) ? notifications.resourceSubscriptions : undefined;
    return Array.isArray(uris) ? uris.map((uri) => updated({ uri, _meta: { [SUBSCRIPTION_KEY]: id } })) : [];
  }
}

function updated(params: Readonly<Record<string, unknown>>): JSONRPCMessage {
  return { jsonrpc: "2.0", method: "notifications/resources/updated", params };
}
