/**
 * Tells when resources change, whoever subscribed: a resource is read again from time to time, once for all who may see the
 * same, and whoever knows of a change may say so at once. Nobody who may not read a resource hears of its changes.
 */

import type { CallerFacts } from "../access/caller.ts";
import { getLogger } from "../logging/logger.ts";
import type { Watch } from "../session/subscriptions.ts";
import { whenAnswered } from "../timing/awaitable.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { after } from "../timing/after.ts";
import type { After } from "../timing/after.ts";
import { findResource } from "./resource_list.ts";
import type { FoundResource } from "./resource_list.ts";

const log = getLogger(["luno-mcp-server", "protocol"]);

/** How somebody who knows of a resource's changes says so. */
export interface Hints {
  /** It may have changed: it is looked at now. */
  look(): void;
  /** It has changed: whoever may read it is told at once, and nothing is read for that. */
  changed(): void;
}

/** Somebody gives hints of a resource. */
export interface Following {
  end(): void;
  /** Whether hints come at present. @default always */
  readonly isLive?: () => boolean;
}

/** How a {@linkcode ResourceWatch} looks at resources. */
export interface ResourceWatchOptions {
  /**
   * The text of a resource as this caller reads it; rejects where it is not there for the caller.
   */
  readonly read: (uri: string, caller: CallerFacts) => Promise<string>;
  /** Whether a caller may read a resource at this moment; asked before it is told of a change. */
  readonly mayRead: (resource: FoundResource, caller: CallerFacts) => boolean;
  /**
   * Gives hints of a resource as this caller reads it, until the answer is ended; `undefined` where nobody knows. Never
   * rejects. @default nobody knows
   */
  readonly follow?: (resource: FoundResource, hints: Hints, caller: CallerFacts) => Awaitable<Following | undefined>;
  /** Between two looks at a resource that nobody gives hints of, in milliseconds. @default 5_000 */
  readonly intervalMs?: number;
  /** Between two looks where there are hints, for what they miss, in milliseconds. @default 60_000 */
  readonly longIntervalMs?: number;
  /** @default the real one */
  readonly after?: After;
}

/** Resources that are watched, by who sees the same. */
export class ResourceWatch {
  readonly #options: Required<Omit<ResourceWatchOptions, "follow">> & Pick<ResourceWatchOptions, "follow">;
  readonly #watched = new Map<string, WatchedResource>();

  constructor(options: ResourceWatchOptions) {
    this.#options = { intervalMs: 5_000, longIntervalMs: 60_000, after, ...options };
  }

  /** Resources that are looked at. */
  get size(): number {
    return this.#watched.size;
  }

  /** How to hear of a resource's changes; `undefined` where it never changes, or cannot be read by this caller now. */
  async of(uri: string, caller: CallerFacts): Promise<Watch | undefined> {
    const resource = findResource(uri);
    const { changes } = resource?.entry ?? {};
    if (resource === undefined || changes === undefined) return undefined;
    let text: string;
    try {
      text = await this.#options.read(uri, caller);
    } catch {
      return undefined;
    }
    const key = changes === "account" ? `${caller.identity} ${uri}` : uri;
    return (changed) => {
      const watched = this.#watched.get(key) ?? this.#begin(key, { uri, resource, caller, text });
      return watched.join(caller, changed);
    };
  }

  #begin(key: string, start: Start): WatchedResource {
    const watched = new WatchedResource(start, this.#options, () => this.#watched.delete(key));
    this.#watched.set(key, watched);
    return watched;
  }
}

/** A resource as it was when its watching began. */
interface Start {
  readonly uri: string;
  readonly resource: FoundResource;
  /** The first who asked. */
  readonly caller: CallerFacts;
  readonly text: string;
}

type Options = Required<Omit<ResourceWatchOptions, "follow">> & Pick<ResourceWatchOptions, "follow">;

/** One resource that is looked at for as long as somebody watches it. */
class WatchedResource {
  readonly #start: Start;
  readonly #options: Options;
  readonly #ended: () => void;
  /** Whoever is told, and in whose name that is; it is read in the name of the first who may read it. */
  readonly #watchers = new Map<() => void, CallerFacts>();
  #following: Following | undefined;
  #cancelTimer: (() => void) | undefined;
  #text: string;
  #isReading = false;
  #isHinted = false;
  #hasEnded = false;

  constructor(start: Start, options: Options, ended: () => void) {
    this.#start = start;
    this.#options = options;
    this.#ended = ended;
    this.#text = start.text;
    const hints: Hints = { look: () => this.#hint(), changed: () => this.#tellChanged() };
    void whenAnswered(options.follow?.(start.resource, hints, start.caller), (following) => {
      if (this.#hasEnded) return following?.end();
      this.#following = following;
      this.#schedule();
    });
  }

  join(caller: CallerFacts, changed: () => void): () => void {
    // A function may come twice; each time is one of its own.
    const watcher = () => changed();
    this.#watchers.set(watcher, caller);
    return () => {
      if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return;
      this.#hasEnded = true;
      this.#cancelTimer?.();
      this.#following?.end();
      this.#ended();
    };
  }

  #hint(): void {
    this.#isHinted = true;
    if (!this.#isReading) void this.#look();
  }

  #tellChanged(): void {
    const { resource } = this.#start;
    for (const [watcher, caller] of [...this.#watchers]) if (this.#options.mayRead(resource, caller)) watcher();
  }

  #schedule(): void {
    const { after, intervalMs, longIntervalMs } = this.#options;
    this.#cancelTimer?.();
    const following = this.#following;
    const isHinted = following !== undefined && (following.isLive?.() ?? true);
    this.#cancelTimer = after(isHinted ? longIntervalMs : intervalMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    this.#isReading = true;
    do {
      this.#isHinted = false;
      await this.#read();
    } while (this.#isHinted && this.#watchers.size > 0);
    this.#isReading = false;
    if (this.#watchers.size > 0) this.#schedule();
  }

  async #read(): Promise<void> {
    const { uri, resource } = this.#start;
    const { read, mayRead } = this.#options;
    const reader = [...this.#watchers.values()].find((caller) => mayRead(resource, caller));
    if (reader === undefined) return;
    try {
      const text = await read(uri, reader);
      if (text === this.#text) return;
      this.#text = text;
      this.#tellChanged();
    } catch (error) {
      log.debug("watched resource cannot be read", { uri, error });
    }
  }
}
