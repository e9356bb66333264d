/**
 * The subscriptions of one client, and when it is notified.
 *
 * A notification names a resource, whose present content the client then reads. So several changes before a
 * notification become one, and nothing queues up: a client that reads slowly, or watches resources that change often,
 * is notified less often.
 */

import { after } from "../timing/after.ts";
import type { After } from "../timing/after.ts";

/** Calls `changed` whenever a resource may have changed, until the returned function is called. */
export type Watch = (changed: () => void) => () => void;

/** A resource, and how to observe its changes. */
export interface Watched {
  readonly uri: string;
  readonly watch: Watch;
}

/** The resources of one request; ended by its owner, or with the client. */
export interface Subscription {
  /** The resources that it is told of. */
  readonly uris: readonly string[];
  close(): void;
}

/** Limits, and the client's state. */
export interface SubscriptionsOptions {
  /**
   * Resources in all; a resource in two subscriptions counts twice.
   *
   * @default 100
   */
  readonly maxResources?: number;
  /**
   * The least time between two notifications, in milliseconds.
   *
   * @default 100
   */
  readonly intervalMs?: number;
  /**
   * Whether the client reads what it is sent.
   *
   * @default always
   */
  readonly isReading?: () => boolean;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** @default the real one */
  readonly after?: After;
}

const MAX_RESOURCES = 100;
const INTERVAL_MS = 100;

/** The subscriptions of one client. */
export class Subscriptions {
  readonly #options: Required<SubscriptionsOptions>;
  readonly #open = new Set<Subscription>();
  /** Changed resources that the client was not notified of yet, the longest waiting first. */
  readonly #pending = new Map<string, () => void>();
  #resources = 0;
  #opened = 0;
  #notifiedMs = -Infinity;
  #cancelTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(options: SubscriptionsOptions) {
    const defaults = { maxResources: MAX_RESOURCES, intervalMs: INTERVAL_MS, isReading: () => true, after };
    this.#options = { ...defaults, ...options };
  }

  /** Subscribed resources, and reserved places. */
  get size(): number {
    return this.#resources;
  }

  /**
   * Subscribes to resources: `notify` is called with the URI of one that has changed. Returns `undefined`, and
   * subscribes to none, when there would be more than a client may have, or after {@linkcode Subscriptions.close}. With
   * `hasChanged` the client is notified of each at once.
   */
  open(
    resources: readonly Watched[],
    notify: (uri: string) => void,
    { hasChanged = false }: { readonly hasChanged?: boolean } = {},
  ): Subscription | undefined {
    if (this.#isClosed) return { uris: [], close: () => {} };
    const { maxResources } = this.#options;
    if (this.#resources + resources.length > maxResources) return undefined;
    this.#resources += resources.length;
    const number = this.#opened++;
    const keys = resources.map(({ uri }) => `${number} ${uri}`);
    const unwatch = resources.map(({ uri, watch }, index) =>
      watch(() => this.#changed(keys[index] ?? uri, () => notify(uri)))
    );
    const subscription: Subscription = {
      uris: resources.map(({ uri }) => uri),
      close: () => {
        if (!this.#open.delete(subscription)) return;
        this.#resources -= resources.length;
        for (const end of unwatch) end();
        for (const key of keys) this.#pending.delete(key);
      },
    };
    this.#open.add(subscription);
    if (hasChanged) resources.forEach(({ uri }, index) => this.#changed(keys[index] ?? uri, () => notify(uri)));
    return subscription;
  }

  /**
   * Reserves places for resources that are being looked up; the returned function releases them. Returns `undefined`
   * when there would be more than a client may have.
   */
  reserve(count: number): (() => void) | undefined {
    if (this.#resources + count > this.#options.maxResources) return undefined;
    this.#resources += count;
    let kept = count;
    return () => {
      this.#resources -= kept;
      kept = 0;
    };
  }

  /** Ends all subscriptions; no notification follows. */
  close(): void {
    this.#isClosed = true;
    for (const subscription of [...this.#open]) subscription.close();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #changed(key: string, notify: () => void): void {
    if (!this.#pending.has(key)) this.#pending.set(key, notify);
    this.#notifyNext();
  }

  /** Sends the notification that has waited longest, as soon as the interval allows. */
  #notifyNext(): void {
    if (this.#cancelTimer !== undefined) return;
    const { now, intervalMs, isReading } = this.#options;
    const waitMs = this.#notifiedMs + intervalMs - now();
    if (waitMs > 0) return this.#later(waitMs);
    const [key, notify] = this.#pending.entries().next().value ?? [];
    if (key === undefined || notify === undefined) return;
    if (!isReading()) return this.#later(intervalMs);
    this.#pending.delete(key);
    this.#notifiedMs = now();
    notify();
    if (this.#pending.size > 0) this.#later(intervalMs);
  }

  #later(milliseconds: number): void {
    this.#cancelTimer = this.#options.after(milliseconds, () => {
      this.#cancelTimer = undefined;
      this.#notifyNext();
    });
  }
}
