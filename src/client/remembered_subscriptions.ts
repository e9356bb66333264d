/**
 * What a local client has subscribed to, so that a server that knows nothing of it is told again. The client notices none of
 * that: whatever may have changed meanwhile is told to it as changed.
 */

import type { JSONRPCMessage, JSONRPCRequest, RequestId } from "@modelcontextprotocol/client";
import { isRequest } from "../transport/json_rpc.ts";
import { isObject } from "../validation/is_object.ts";

const SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId";

/** Methods that subscribe and unsubscribe, by what says what they are about. */
const METHODS: Readonly<Record<string, { readonly about: "uri" | "pair"; readonly ends: boolean }>> = {
  "resources/subscribe": { about: "uri", ends: false },
  "resources/unsubscribe": { about: "uri", ends: true },
  "subscribe": { about: "pair", ends: false },
  "unsubscribe": { about: "pair", ends: true },
};

const LISTEN = "subscriptions/listen";

/** More than any server of ours lets a client have. */
const MAX_REMEMBERED = 1_000;

interface Stream {
  readonly request: JSONRPCRequest;
  isAcknowledged: boolean;
}

/** Of one local client. */
export class RememberedSubscriptions {
  /** Begins our ids; no client chooses it. */
  readonly #prefix = `luno-mcp-bridge:${crypto.randomUUID()}:`;
  /** Requests of the client that are not answered. */
  readonly #asked = new Map<RequestId, JSONRPCRequest>();
  /** Those that subscribed, by what they are about. */
  readonly #subscribed = new Map<string, JSONRPCRequest>();
  /** Of 2026-07-28, each open until its request is answered. */
  readonly #streams = new Map<RequestId, Stream>();
  /** What was sent again, by our ids. */
  readonly #again = new Map<RequestId, string>();

  /** Whether the client watches nothing. */
  get isEmpty(): boolean {
    return this.#subscribed.size === 0 && this.#streams.size === 0;
  }

  /** Requests whose streams are open; they are answered when those end. */
  get streams(): readonly JSONRPCRequest[] {
    return [...this.#streams.values()].flatMap(({ request, isAcknowledged }) => isAcknowledged ? [request] : []);
  }

  /** Whether a request opened a stream that goes on. */
  isStream(id: RequestId): boolean {
    return this.#streams.get(id)?.isAcknowledged ?? false;
  }

  /** Sees every request that is sent for the client; answers whether it subscribes to something. */
  sent(request: JSONRPCRequest): boolean {
    if (this.#asked.size + this.#subscribed.size + this.#streams.size >= MAX_REMEMBERED) return false;
    if (request.method === LISTEN) this.#streams.set(request.id, { request, isAcknowledged: false });
    else if (Object.hasOwn(METHODS, request.method)) this.#asked.set(request.id, request);
    else return false;
    return METHODS[request.method]?.ends !== true;
  }

  /** The client wants no answer to a request any more. */
  cancelled(id: RequestId): void {
    this.#asked.delete(id);
    this.#streams.delete(id);
  }

  /** Sees every message of the server; answers what the client gets in its place, `undefined` for the message itself. */
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

  /** The connection is gone, with what was not answered on it. */
  dropped(): void {
    this.#asked.clear();
    this.#again.clear();
    for (const [id, { isAcknowledged }] of this.#streams) if (!isAcknowledged) this.#streams.delete(id);
  }

  /** What to send to a server that knows nothing of the client. */
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
    // A pair may be written in several ways; the server tells its name.
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

  /** A stream that was opened again has been acknowledged before. */
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
