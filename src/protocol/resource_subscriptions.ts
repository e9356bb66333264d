/**
 * Subscriptions of one connection to resources: `resources/subscribe` and `resources/unsubscribe` of the revisions before
 * 2026-07-28, `subscriptions/listen` of that one. All of it is our own, as the SDK is never told which resources a client
 * asked for, and over HTTP would tell every client of everybody's. Prices for clients of the older server are pushed beside
 * them, within the same bounds.
 */

import type { JSONRPCNotification, JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";
import type { CallerFacts } from "../access/caller.ts";
import { INVALID_PARAMS, RESOURCE_NOT_FOUND } from "../errors/rpc_codes.ts";
import type { Subscription, Subscriptions, Watch } from "../session/subscriptions.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { isObject } from "../validation/is_object.ts";
import { SUBSCRIPTION_KEY } from "./envelope.ts";
import type { Era } from "./envelope.ts";
import type { Answer } from "./answer.ts";
import type { Opening } from "./opening.ts";
import type { ServerIdentity } from "./offer.ts";
import { isPriceRequest, PricePushes } from "./price_pushes.ts";
import type { PriceSource } from "./price_pushes.ts";
import { modernMembers } from "./ready_answers.ts";
import { SUBSCRIPTIONS_FULL } from "./subscriptions_full.ts";

/** Tells how to hear of changes of a resource; `undefined` where there is none that this caller may read, or it never changes. */
export type WatchOf = (uri: string, caller: CallerFacts) => Awaitable<Watch | undefined>;

/** What subscriptions of a connection need. */
export interface ResourceSubscriptionsParts {
  readonly identity: ServerIdentity;
  readonly opening: Pick<Opening, "eraOf" | "open">;
  readonly caller: CallerFacts;
  readonly watchOf: WatchOf;
  readonly kept: Pick<Subscriptions, "open" | "close" | "size">;
  /** Sends the client a notification. */
  readonly send: (notification: JSONRPCNotification) => void;
  /** What prices are pushed from. @default none are */
  readonly prices?: PriceSource;
}

/** Whether a request is one that {@linkcode ResourceSubscriptions} answers in an era, or in any. */
export function isSubscriptionRequest(request: JSONRPCRequest, era?: Era): boolean {
  const known = era === undefined ? Object.values(METHODS) : [METHODS[era]];
  const isPrice = era === undefined && isPriceRequest(request);
  return isPrice || known.some((methods) => Object.hasOwn(methods, request.method));
}

/** The subscriptions of one connection. */
export class ResourceSubscriptions {
  readonly #parts: ResourceSubscriptionsParts;
  /** Of the revisions before 2026-07-28, by URI. */
  readonly #single = new Map<string, Subscription>();
  /** Ends each stream of 2026-07-28. */
  readonly #streams = new Set<() => void>();
  readonly #pushes: PricePushes | undefined;

  constructor(parts: ResourceSubscriptionsParts) {
    this.#parts = parts;
    const { prices, kept, send } = parts;
    this.#pushes = prices === undefined ? undefined : new PricePushes({ source: prices, kept, send });
  }

  /**
   * The answer to come, or `undefined` for other requests. Parameters are valid. A stream is answered when it ends; it ends
   * with `signal`, and is then not answered at all.
   */
  take(request: JSONRPCRequest, signal: AbortSignal): Awaitable<Answer> | undefined {
    const pushed = this.#pushes?.take(request, signal);
    if (pushed !== undefined) return pushed;
    const { opening } = this.#parts;
    const era = opening.eraOf(request.params);
    const method = era === undefined ? undefined : METHODS[era][request.method];
    if (era === undefined || method === undefined) return undefined;
    opening.open(era);
    if (method === "listen") return this.#listen(request, signal);
    const uri = String(request.params?.uri);
    return method === "subscribe" ? this.#subscribe(uri) : this.#unsubscribe(uri);
  }

  /** Ends every stream, as a server that stops does: each is answered as complete. */
  endStreams(): void {
    for (const end of [...this.#streams]) end();
  }

  /** Whether there is any. */
  get isOpen(): boolean {
    return this.#parts.kept.size > 0;
  }

  /** Ends all subscriptions; nothing is sent any more. */
  close(): void {
    this.#parts.kept.close();
    this.#pushes?.close();
    this.#single.clear();
    this.endStreams();
  }

  #subscribe(uri: string): Awaitable<Answer> {
    const { watchOf, caller, kept, send } = this.#parts;
    return whenAnswered(watchOf(uri, caller), (watch): Answer => {
      if (watch === undefined) return notFound(uri);
      if (this.#single.has(uri)) return { result: {} };
      const subscription = kept.open([{ uri, watch }], (uri) => send(updated({ uri })));
      if (subscription === undefined) return SUBSCRIPTIONS_FULL;
      this.#single.set(uri, subscription);
      return { result: {} };
    });
  }

  #unsubscribe(uri: string): Answer {
    this.#single.get(uri)?.close();
    this.#single.delete(uri);
    return { result: {} };
  }

  /** Acknowledges what the client will hear of, which are the resources that there are for it; nothing else here changes. */
  async #listen({ id, params }: JSONRPCRequest, signal: AbortSignal): Promise<Answer> {
    const { watchOf, caller, kept, send, identity } = this.#parts;
    const filter = params?.notifications;
    if (!isObject(filter)) return { error: { code: INVALID_PARAMS, message: NO_FILTER } };
    const asked = Array.isArray(filter.resourceSubscriptions) ? new Set(filter.resourceSubscriptions.map(String)) : [];
    const found = await Promise.all([...asked].map(async (uri) => ({ uri, watch: await watchOf(uri, caller) })));
    const resources = found.flatMap(({ uri, watch }) => watch === undefined ? [] : [{ uri, watch }]);
    const _meta = { [SUBSCRIPTION_KEY]: id };
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const subscription = kept.open(resources, (uri) => send(updated({ uri, _meta })));
    if (subscription === undefined) return SUBSCRIPTIONS_FULL;
    send(acknowledged(resources.map(({ uri }) => uri), id));
    if (resources.length === 0 || signal.aborted) end();
    signal.addEventListener("abort", () => end(), { once: true });
    this.#streams.add(end);
    await ended;
    this.#streams.delete(end);
    subscription.close();
    const members = modernMembers(identity);
    return { result: { ...members, _meta: { ..._meta, ...isObject(members._meta) ? members._meta : {} } } };
  }
}

const METHODS: Readonly<Record<Era, Readonly<Record<string, "subscribe" | "unsubscribe" | "listen">>>> = {
  legacy: { "resources/subscribe": "subscribe", "resources/unsubscribe": "unsubscribe" },
  modern: { "subscriptions/listen": "listen" },
};

const NO_FILTER = "Invalid params: 'notifications' is required and must be a valid SubscriptionFilter";

function notFound(uri: string): Answer {
  const shown = uri.slice(0, 200);
  return { error: { code: RESOURCE_NOT_FOUND, message: `Resource not found: ${shown}`, data: { uri: shown } } };
}

function updated(params: Readonly<Record<string, unknown>>): JSONRPCNotification {
  return { jsonrpc: "2.0", method: "notifications/resources/updated", params };
}

function acknowledged(uris: readonly string[], id: RequestId): JSONRPCNotification {
  const notifications = uris.length === 0 ? {} : { resourceSubscriptions: uris };
  return {
    jsonrpc: "2.0",
    method: "notifications/subscriptions/acknowledged",
    params: { notifications, _meta: { [SUBSCRIPTION_KEY]: id } },
  };
}
