/**
 * The pairs that this server follows together with others. They use their own connection to Redis, as snapshots are
 * large, and rate limits must not wait behind one.
 */

import type { MarketFeed, MarketFeedOptions, MarketFeeds } from "../../../../exchange/stream/market_feed.ts";
import type { StreamParts } from "../../../../exchange/stream/stream_link.ts";
import type { RedisConnection } from "../connection.ts";
import { askTimed, feedKeys } from "./feed_keys.ts";
import type { FeedGround } from "./feed_keys.ts";
import { TURN } from "./feed_scripts.ts";
import type { FeedPosition } from "./followed_book.ts";
import { TICK_MS } from "./published_book.ts";
import { RedisClock } from "./redis_clock.ts";
import { SharedFeed } from "./shared_feed.ts";

/** The interval between two reads of a follower, in milliseconds. */
const TURN_MS = 2 * TICK_MS;

/** With whom feeds are shared, and over what. */
export interface RedisMarketFeedsOptions {
  /** Called with the first feed. */
  readonly connect: () => RedisConnection;
  /** The id of this server: hexadecimal digits. */
  readonly server: string;
  /** The number of servers last seen, including this one. */
  readonly servers: () => number;
  /** Identifies the exchange: servers that read the same one share its streams. */
  readonly host: string;
  readonly parts: StreamParts;
}

/** The feeds of one server; owns the timer of its reads, and the connection. */
export class RedisMarketFeeds implements MarketFeeds {
  readonly #options: RedisMarketFeedsOptions;
  readonly #feeds = new Set<SharedFeed>();
  readonly #clock = new RedisClock();
  #ground: FeedGround | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the next tick comes after the shortest interval. */
  #isSoon = false;
  #isAsking = false;
  /** Whether followers read in this tick: in every second one while ticks come at the shortest interval. */
  #isTurn = false;
  #mayLead = true;

  constructor(options: RedisMarketFeedsOptions) {
    this.#options = options;
  }

  open(options: MarketFeedOptions): MarketFeed {
    const { host, parts, connect, servers } = this.#options;
    this.#ground ??= { connection: connect(), clock: this.#clock, now: parts.now };
    const feed: SharedFeed = new SharedFeed({
      ...options,
      ...this.#ground,
      keys: feedKeys(host, options.pair),
      parts,
      ownStreams: () => ({
        count: [...this.#feeds].filter(({ hasOwn }) => hasOwn).length,
        share: Math.max(1, Math.floor(parts.sessions.limit / servers())),
      }),
      isShared: () => servers() > 1,
      mayLead: () => this.#mayLead,
      hasNews: () => this.#hasNews(),
      closed: () => this.#forget(feed),
    });
    this.#feeds.add(feed);
    if (this.#timer === undefined || !this.#isSoon) this.#tickIn(TICK_MS);
    return feed;
  }

  async handOver(): Promise<void> {
    this.#mayLead = false;
    await Promise.all([...this.#feeds].map((feed) => feed.handOver()));
  }

  close(): void {
    this.#stopTicking();
    this.#ground?.connection.close();
  }

  #forget(feed: SharedFeed): void {
    this.#feeds.delete(feed);
    if (this.#feeds.size === 0) this.#stopTicking();
  }

  #stopTicking(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tickIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#isSoon = ms <= TICK_MS;
    this.#timer = setTimeout(() => this.#tick(), ms);
  }

  #hasNews(): void {
    if (this.#timer !== undefined && !this.#isSoon) this.#tickIn(TICK_MS);
  }

  #tick(): void {
    this.#isTurn = !this.#isSoon || !this.#isTurn;
    if (this.#isTurn && !this.#isAsking) void this.#turn();
    for (const feed of this.#feeds) feed.tick();
    const feeds = [...this.#feeds];
    if (feeds.length > 0) this.#tickIn(Math.min(...feeds.map(({ restMs }) => restMs ?? TURN_MS)));
  }

  /** One request for every pair that this server does not lead. */
  async #turn(): Promise<void> {
    const ground = this.#ground;
    const feeds = [...this.#feeds].filter(({ isLeading }) => !isLeading);
    if (ground === undefined || feeds.length === 0 || !ground.connection.isUsable) return;
    this.#isAsking = true;
    try {
      const positions = feeds.map(({ position }) => position);
      const args = feeds.flatMap(({ mayLead }, place) => [mayLead ? "1" : "0", ...positions[place] ?? ["", ""]]);
      const keys = feeds.flatMap(({ keys: { lease, state, updates, snapshot } }) => [lease, state, updates, snapshot]);
      const answers = await askTimed(ground, TURN, { keys, args: [this.#options.server, ...args] });
      const receivedMs = ground.now();
      for (const [place, answer] of (answers ?? []).entries()) {
        const [feed, position] = [feeds[place], positions[place]];
        if (feed !== undefined && position !== undefined) takeAnswer(feed, answer, { position, receivedMs });
      }
    } finally {
      this.#isAsking = false;
    }
  }
}

function takeAnswer(
  feed: SharedFeed,
  answer: unknown,
  asked: { readonly position: FeedPosition; readonly receivedMs: number },
): void {
  const [what, name, asOf, entries, foreign] = answer as [string, string, string, unknown[], string];
  if (foreign === "1") feed.refuseLease();
  if (what === "lead") feed.lead(name);
  else if (what === "none") feed.follow(undefined);
  else {
    const time = asOf === "" ? NaN : Number(asOf);
    feed.follow({ edition: name, asOf: time, entries, ...asked });
  }
}
