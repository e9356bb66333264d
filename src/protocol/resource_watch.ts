/**
 * Detects changes of resources for all subscribers: a resource is read periodically, once for all callers who see the
 * same, and code that knows of a change can report it at once. A caller who may not read a resource is not notified of
 * its changes.
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

/** How code that knows of a resource's changes reports them. */
export interface Hints {
  /** It may have changed: it is read now. */
  look(): void;
  /** It has changed: callers who may read it are notified at once, without reading it. */
  changed(): void;
}

/** A source of hints about a resource. */
export interface Following {
  end(): void;
  /**
   * Whether hints are coming in.
   *
   * @default always
   */
  readonly isLive?: () => boolean;
  /**
   * Whether reading the resource costs no call to the exchange now.
   *
   * @default it costs some
   */
  readonly isFree?: () => boolean;
}

/** How a {@linkcode ResourceWatch} reads resources. */
export interface ResourceWatchOptions {
  /** The text of a resource for this caller; rejects when it does not exist for the caller. */
  readonly read: (uri: string, caller: CallerFacts) => Promise<string>;
  /** Whether a caller may read a resource now; checked before each notification. */
  readonly mayRead: (resource: FoundResource, caller: CallerFacts) => boolean;
  /**
   * Requests hints about a resource for this caller, until the returned value is closed; `undefined` when there are
   * none. Never rejects.
   *
   * @default there are none
   */
  readonly follow?: (resource: FoundResource, hints: Hints, caller: CallerFacts) => Awaitable<Following | undefined>;
  /**
   * Interval of reads without hints, in milliseconds.
   *
   * @default 5_000
   */
  readonly intervalMs?: number;
  /**
   * Interval of reads with hints, for what those miss, in milliseconds.
   *
   * @default 60_000
   */
  readonly longIntervalMs?: number;
  /**
   * Average interval of reads that cost calls to the exchange, of all resources together, in milliseconds; ten of them may
   * follow each other at once.
   *
   * @default 1_000
   */
  readonly paceMs?: number;
  /**
   * Monotonic milliseconds.
   *
   * @default performance.now
   */
  readonly now?: () => number;
  /** @default the real one */
  readonly after?: After;
}

/** Reads that may follow each other at once. */
const BURST = 10;

/** Watched resources, by callers who see the same. */
export class ResourceWatch {
  readonly #options: Options;
  readonly #pace: Pace;
  readonly #watched = new Map<string, WatchedResource>();

  constructor(options: ResourceWatchOptions) {
    const defaults = { intervalMs: 5_000, longIntervalMs: 60_000, paceMs: 1_000, now: () => performance.now(), after };
    this.#options = { ...defaults, ...options };
    this.#pace = new Pace(this.#options);
  }

  /** The number of watched resources. */
  get size(): number {
    return this.#watched.size;
  }

  /** How to observe a resource's changes; `undefined` when it never changes, or this caller cannot read it now. */
  async of(uri: string, caller: CallerFacts): Promise<Watch | undefined> {
    const resource = findResource(uri);
    const { changes } = resource?.entry ?? {};
    if (resource === undefined || changes === undefined) return undefined;
    const key = changes === "account" ? `${caller.identity} ${uri}` : uri;
    const { mayRead, read } = this.#options;
    let text: string | undefined;
    if (!mayRead(resource, caller)) return undefined;
    if (!this.#watched.has(key)) {
      try {
        text = await read(uri, caller);
      } catch {
        return undefined;
      }
    }
    return (changed) => {
      const watched = this.#watched.get(key) ?? this.#begin(key, { uri, resource, caller, text });
      return watched.join(caller, changed);
    };
  }

  #begin(key: string, start: Start): WatchedResource {
    const parts = { pace: this.#pace, ended: () => void this.#watched.delete(key) };
    const watched = new WatchedResource(start, this.#options, parts);
    this.#watched.set(key, watched);
    return watched;
  }
}

/** A resource at the start of its watching. */
interface Start {
  readonly uri: string;
  readonly resource: FoundResource;
  /** The first caller who asked. */
  readonly caller: CallerFacts;
  /** `undefined` if it was watched already, and read for that. */
  readonly text: string | undefined;
}

type Options = Required<Omit<ResourceWatchOptions, "follow">> & Pick<ResourceWatchOptions, "follow">;

/** Distributes reads that cost calls, so that clients that subscribe to much leave calls to others. */
class Pace {
  readonly #options: Pick<Options, "now" | "paceMs">;
  #nextMs = -Infinity;

  constructor(options: Pick<Options, "now" | "paceMs">) {
    this.#options = options;
  }

  /** Takes the next turn; returns the milliseconds until then. */
  take(): number {
    const { now, paceMs } = this.#options;
    this.#nextMs = Math.max(this.#nextMs, now() - BURST * paceMs) + paceMs;
    return Math.max(0, this.#nextMs - now());
  }
}

/** One resource that is read periodically while there are watchers. */
class WatchedResource {
  readonly #start: Start;
  readonly #options: Options;
  readonly #pace: Pace;
  readonly #ended: () => void;
  /** The notified functions, with their callers; the resource is read for the first caller who may read it. */
  readonly #watchers = new Map<() => void, CallerFacts>();
  #following: Following | undefined;
  #cancelTimer: (() => void) | undefined;
  #text: string | undefined;
  #isReading = false;
  /** For its turn. */
  #isWaiting = false;
  #isHinted = false;
  #hasEnded = false;

  constructor(
    start: Start,
    options: Options,
    { pace, ended }: { readonly pace: Pace; readonly ended: () => void },
  ) {
    this.#start = start;
    this.#options = options;
    this.#pace = pace;
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
    // The same function may watch twice; each registration counts.
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
    if (!this.#isReading) this.#lookInTurn();
  }

  #lookInTurn(): void {
    const isFree = this.#following?.isFree?.() ?? false;
    if (this.#isWaiting && !isFree) return;
    const waitMs = isFree ? 0 : this.#pace.take();
    if (waitMs === 0) return void this.#look();
    this.#isWaiting = true;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.after(waitMs, () => void this.#look());
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
    this.#cancelTimer = after(isHinted ? longIntervalMs : intervalMs, () => this.#lookInTurn());
  }

  async #look(): Promise<void> {
    this.#cancelTimer?.();
    this.#isWaiting = false;
    this.#isReading = true;
    this.#isHinted = false;
    await this.#read();
    this.#isReading = false;
    if (this.#watchers.size === 0) return;
    if (this.#isHinted) this.#lookInTurn();
    else this.#schedule();
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
