/**
 * What one client has subscribed to, and when it hears of changes.
 *
 * A notification names a resource; what it holds now is read from it. So changes that come before the client was told are one
 * notification, and nothing queues: a client that reads slowly, or watches much that changes often, is told less often.
 */

import { after } from "../timing/after.ts";
import type { After } from "../timing/after.ts";

/** Calls `changed` whenever a resource may have changed, until the answered function is called. */
export type Watch = (changed: () => void) => () => void;

/** A resource, and how to hear of its changes. */
export interface Watched {
  readonly uri: string;
  readonly watch: Watch;
}

/** What a client has asked for at once; ends by its owner, or with the client. */
export interface Subscription {
  /** The resources that it is told of. */
  readonly uris: readonly string[];
  close(): void;
}

/** Bounds, and the client's end. */
export interface SubscriptionsOptions {
  /** Resources in all, those that are asked for twice counted twice. @default 100 */
  readonly maxResources?: number;
  /** The shortest time between two notifications, in milliseconds. @default 100 */
  readonly intervalMs?: number;
  /** Whether the client takes in what it is sent. @default always */
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
  /** What has changed since the client was told, the longest waiting first. */
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

  /** Resources that the client is told of, and those that room is kept for. */
  get size(): number {
    return this.#resources;
  }

  /**
   * Subscribes to resources: `notify` is called with the URI of one that has changed. Answers `undefined`, and subscribes to
   * none, where these would be more than a client may have. After {@linkcode Subscriptions.close} it subscribes to none. With
   * `hasChanged` the client is told of each at once.
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
   * Keeps room for resources that are being looked at; the answered function gives it back. Answers `undefined` where these
   * would be more than a client may have.
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

  /** Ends all of them; nobody is told anything after it. */
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

  /** Tells the client of what has waited longest, as soon as it may. */
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
