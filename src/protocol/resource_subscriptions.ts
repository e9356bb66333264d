/**
 * Subscriptions of one connection to resources: `resources/subscribe` and `resources/unsubscribe` before revision
 * 2026-07-28, `subscriptions/listen` in that one. All of it is our own, because the SDK does not reveal which resources
 * a client asked for, and over HTTP it would notify every client of everything. Prices for clients of the older server
 * are pushed within the same limits.
 */

import type { JSONRPCNotification, JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";
import type { CallerFacts } from "../access/caller.ts";
import { INVALID_PARAMS, RESOURCE_NOT_FOUND } from "../errors/rpc_codes.ts";
import type { KeptSubscription } from "../session/resumption_store.ts";
import type { Subscription, Subscriptions, Watch } from "../session/subscriptions.ts";
import { endedBy, whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { inParallel } from "../timing/in_parallel.ts";
import { isObject } from "../validation/is_object.ts";
import { SUBSCRIPTION_KEY } from "./envelope.ts";
import type { Era } from "./envelope.ts";
import type { Answer } from "./answer.ts";
import type { Opening } from "./opening.ts";
import type { ServerIdentity } from "./offer.ts";
import { PRICE_METHODS, PricePushes } from "./price_pushes.ts";
import type { PriceSource } from "./price_pushes.ts";
import { modernMembers } from "./ready_answers.ts";
import type { ResumedResourcesParts, ResumeResource } from "./resumed_resources.ts";
import { SUBSCRIPTIONS_FULL } from "./subscriptions_full.ts";

/** How to observe a resource's changes; `undefined` when this caller cannot read it, or it never changes. */
export type WatchOf = (uri: string, caller: CallerFacts) => Awaitable<Watch | undefined>;

/** Parts of a connection's subscriptions. */
export interface ResourceSubscriptionsParts {
  readonly identity: ServerIdentity;
  readonly opening: Pick<Opening, "eraOf" | "open">;
  readonly caller: CallerFacts;
  readonly watchOf: WatchOf;
  readonly kept: Pick<Subscriptions, "open" | "reserve" | "close" | "size">;
  /** Sends a notification to the client. */
  readonly send: (notification: JSONRPCNotification) => void;
  /**
   * The source of pushed prices.
   *
   * @default none are pushed
   */
  readonly prices?: PriceSource;
  /**
   * Called when the subscriptions change; the client is answered once that is stored.
   *
   * @default not stored
   */
  readonly changed?: () => Awaitable<void>;
  /**
   * Restores subscriptions of an earlier connection.
   *
   * @default not supported
   */
  readonly takeUp?: ResumeResource;
}

/** Resources of one request that are looked up concurrently. */
const LOOKS_AT_ONCE = 4;

type KeptStream = Extract<KeptSubscription, { kind: "listen" }>;

/** Tells whether {@linkcode ResourceSubscriptions} answers a request in a revision, or in any. */
export function isSubscriptionRequest({ method }: JSONRPCRequest, era?: Era): boolean {
  return era === undefined ? ANY_METHODS.has(method) : Object.hasOwn(METHODS[era], method);
}

/** The subscriptions of one connection. */
export class ResourceSubscriptions {
  readonly #parts: ResourceSubscriptionsParts;
  /** Subscriptions of revisions before 2026-07-28, by URI. */
  readonly #single = new Map<string, Subscription>();
  /** Resources that are being looked up for `resources/subscribe`. */
  readonly #looking = new Map<string, Promise<Watch | undefined>>();
  /** Ends each stream of 2026-07-28. */
  readonly #streams = new Set<() => void>();
  /** The resources of each stream, by the id of the request that opened it. */
  readonly #listened = new Map<RequestId, readonly string[]>();
  readonly #pushes: PricePushes | undefined;

  constructor(parts: ResourceSubscriptionsParts) {
    this.#parts = parts;
    const { prices: source, kept, send, changed, takeUp } = parts;
    this.#pushes = source === undefined ? undefined : new PricePushes({ source, kept, send, changed, takeUp });
  }

  /**
   * A promise of the answer; `undefined` for other requests. Parameters are valid. A stream is answered when it ends;
   * when `signal` ends it, it is not answered.
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

  /** The present subscriptions, for a connection that resumes the session. */
  get watched(): readonly KeptSubscription[] {
    return [
      ...[...this.#single.keys()].map((uri) => ({ kind: "resource", uri } as const)),
      ...[...this.#listened].map(([id, uris]) => ({ kind: "listen", id, uris } as const)),
      ...(this.#pushes?.pairs ?? []).map((pair) => ({ kind: "price", pair } as const)),
    ];
  }

  /**
   * Restores the subscriptions of an earlier connection, and notifies the client of each resource once. A stream is
   * answered when it ends, unless `signal` ends it; other subscriptions were answered before.
   */
  resume(subscription: KeptSubscription, signal: AbortSignal): Promise<Answer> | undefined {
    const { takeUp } = this.#parts;
    if (takeUp === undefined) return undefined;
    if (subscription.kind === "listen") return this.#listenAgain(subscription, takeUp, signal);
    if (subscription.kind === "price") this.#pushes?.resume(subscription.pair);
    else this.#subscribeAgain(subscription.uri, takeUp);
    return undefined;
  }

  #subscribeAgain(uri: string, takeUp: ResumeResource): void {
    if (this.#single.has(uri)) return;
    const { send } = this.#parts;
    this.#single.set(uri, takeUp(uri, () => send(updated({ uri })), this.#watching));
  }

  #listenAgain({ id, uris }: KeptStream, takeUp: ResumeResource, signal: AbortSignal): Promise<Answer> {
    const { send } = this.#parts;
    const _meta = { [SUBSCRIPTION_KEY]: id };
    const subscriptions = uris.map((uri) => takeUp(uri, () => send(updated({ uri, _meta })), this.#watching));
    return this.#stream(id, uris, { signal, close: () => subscriptions.forEach((one) => one.close()) });
  }

  get #watching(): ResumedResourcesParts {
    const { watchOf, caller, kept } = this.#parts;
    return { watchOf: (uri) => watchOf(uri, caller), kept };
  }

  #changed(): Awaitable<void> {
    return this.#parts.changed?.();
  }

  /** Ends every stream when the server shuts down: each is answered as complete. */
  endStreams(): void {
    for (const end of [...this.#streams]) end();
  }

  /** Whether there are any subscriptions. */
  get isOpen(): boolean {
    return this.#parts.kept.size > 0;
  }

  /** Ends all subscriptions; no notification follows. */
  close(): void {
    this.#parts.kept.close();
    this.#pushes?.close();
    for (const subscription of this.#single.values()) subscription.close();
    this.#single.clear();
    this.endStreams();
  }

  #subscribe(uri: string): Awaitable<Answer> {
    const { kept, send } = this.#parts;
    return whenAnswered(this.#look(uri), (watch): Awaitable<Answer> => {
      if (watch === "full") return SUBSCRIPTIONS_FULL;
      if (watch === undefined) return notFound(uri);
      if (this.#single.has(uri)) return { result: {} };
      const subscription = kept.open([{ uri, watch }], (uri) => send(updated({ uri })));
      if (subscription === undefined) return SUBSCRIPTIONS_FULL;
      this.#single.set(uri, subscription);
      return whenAnswered(this.#changed(), () => ({ result: {} }));
    });
  }

  /** Looks up a resource within the client's limits, once for all concurrent requests for it. */
  #look(uri: string): Awaitable<Watch | undefined> | "full" {
    const { watchOf, caller, kept } = this.#parts;
    const pending = this.#looking.get(uri);
    if (pending !== undefined) return pending;
    const giveBack = kept.reserve(this.#single.has(uri) ? 0 : 1);
    if (giveBack === undefined) return "full";
    const found = endedBy(() => watchOf(uri, caller), () => {
      giveBack();
      this.#looking.delete(uri);
    });
    if (found instanceof Promise) this.#looking.set(uri, found);
    return found;
  }

  #unsubscribe(uri: string): Awaitable<Answer> {
    this.#single.get(uri)?.close();
    this.#single.delete(uri);
    return whenAnswered(this.#changed(), () => ({ result: {} }));
  }

  /**
   * Acknowledges the resources that the client will be notified of: those that exist for it; the other kinds of changes
   * do not occur here.
   */
  async #listen({ id, params }: JSONRPCRequest, signal: AbortSignal): Promise<Answer> {
    const { watchOf, caller, kept, send } = this.#parts;
    const filter = params?.notifications;
    if (!isObject(filter)) return { error: { code: INVALID_PARAMS, message: NO_FILTER } };
    const asked = new Set(Array.isArray(filter.resourceSubscriptions) ? filter.resourceSubscriptions.map(String) : []);
    const giveBack = kept.reserve(asked.size);
    if (giveBack === undefined) return SUBSCRIPTIONS_FULL;
    const look = async (uri: string) => ({ uri, watch: signal.aborted ? undefined : await watchOf(uri, caller) });
    const found = await endedBy(() => inParallel([...asked], { atOnce: LOOKS_AT_ONCE, work: look }), giveBack);
    const resources = found.flatMap(({ uri, watch }) => watch === undefined ? [] : [{ uri, watch }]);
    const uris = resources.map(({ uri }) => uri);
    this.#listened.set(id, uris);
    const isKept = this.#changed();
    if (isKept !== undefined) await isKept;
    const _meta = { [SUBSCRIPTION_KEY]: id };
    const subscription = kept.open(resources, (uri) => send(updated({ uri, _meta })));
    if (subscription === undefined) {
      this.#listened.delete(id);
      void this.#changed();
      return SUBSCRIPTIONS_FULL;
    }
    send(acknowledged(uris, id));
    return await this.#stream(id, uris, { signal, close: () => subscription.close() });
  }

  /** Waits until a stream ends, and answers it. */
  async #stream(
    id: RequestId,
    uris: readonly string[],
    { signal, close }: { readonly signal: AbortSignal; readonly close: () => void },
  ): Promise<Answer> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    if (uris.length === 0 || signal.aborted) end();
    signal.addEventListener("abort", () => end(), { once: true });
    this.#streams.add(end);
    this.#listened.set(id, uris);
    await ended;
    this.#streams.delete(end);
    this.#listened.delete(id);
    close();
    void this.#changed();
    const members = modernMembers(this.#parts.identity);
    const _meta = { [SUBSCRIPTION_KEY]: id };
    return { result: { ...members, _meta: { ..._meta, ...isObject(members._meta) ? members._meta : {} } } };
  }
}

const METHODS: Readonly<Record<Era, Readonly<Record<string, "subscribe" | "unsubscribe" | "listen">>>> = {
  legacy: { "resources/subscribe": "subscribe", "resources/unsubscribe": "unsubscribe" },
  modern: { "subscriptions/listen": "listen" },
};

const ANY_METHODS: ReadonlySet<string> = new Set([
  ...Object.values(METHODS).flatMap((methods) => Object.keys(methods)),
  ...PRICE_METHODS,
]);

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
