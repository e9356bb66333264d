/**
 * One pair as this server follows it together with others: it leads, so that its own stream from the exchange feeds
 * all; or it follows the leader; or it has a stream for itself, while there is no leader to follow.
 *
 * Its readers see one book at a time. An own stream continues until another server's book replaces it.
 */

import type {
  FeedRole,
  MarketChange,
  MarketFeed,
  MarketFeedOptions,
  MarketFeedStatus,
} from "../../../../exchange/stream/market_feed.ts";
import { MarketStream } from "../../../../exchange/stream/market_stream.ts";
import type { OrderBook } from "../../../../exchange/stream/order_book.ts";
import type { StreamParts } from "../../../../exchange/stream/stream_link.ts";
import type { StreamProblem } from "../../../../exchange/stream/stream_problem.ts";
import { getLogger } from "../../../../logging/logger.ts";
import { ask } from "./feed_keys.ts";
import type { FeedGround, FeedKeys } from "./feed_keys.ts";
import { RELEASE } from "./feed_scripts.ts";
import { FollowedBook } from "./followed_book.ts";
import type { FeedPosition, FollowAnswer } from "./followed_book.ts";
import { PublishedBook } from "./published_book.ts";

const log = getLogger(["luno-mcp-server", "stream"]);

/** A leader without a book gives up the lease after this time, and does not take it again for a while; milliseconds. */
const BOOKLESS_MS = 3_000;
const RESTING_MS = 10_000;

/** How long a server waits for a leader before it reads the exchange itself, in milliseconds. */
const PATIENCE_MS = 5_000;

/** Settings of a feed. */
export interface SharedFeedOptions extends FeedGround, MarketFeedOptions {
  readonly keys: FeedKeys;
  /** For its own streams. */
  readonly parts: StreamParts;
  /**
   * How many streams this server has, and how many it may have when Redis is unavailable, so that all servers together
   * stay within the key's limit.
   */
  readonly ownStreams: () => { readonly count: number; readonly share: number };
  /** Whether there are other servers. */
  readonly isShared: () => boolean;
  /** Whether this server may lead. */
  readonly mayLead: () => boolean;
  /** Called when a leader may have something to publish. */
  readonly hasNews: () => void;
  /** Called once it is closed. */
  readonly closed: () => void;
}

/** A pair's feed, from the constructor to `close()`. */
export class SharedFeed implements MarketFeed {
  readonly #options: SharedFeedOptions;
  readonly #followed: FollowedBook;
  #own: MarketStream | undefined;
  #published: PublishedBook | undefined;
  #term: string | undefined;
  /** The book that readers see. */
  #source: "own" | "followed" = "followed";
  #restsUntilMs = -Infinity;
  /** When readers last had a live book, and when this leader's stream was last live. */
  #liveMs: number;
  #ownLiveMs = -Infinity;
  #isClosed = false;
  #hasFollowed = false;
  #takeovers = 0;
  #bytesSent = 0;
  #toldRole: FeedRole | undefined;
  #isShareTold = false;
  /** Counts of streams that were closed. */
  readonly #before = { connections: 0, updates: 0, snapshots: 0, lost: {} as Record<string, number>, gaps: 0 };
  #ending: Promise<unknown> = Promise.resolve();

  constructor(options: SharedFeedOptions) {
    this.#options = options;
    this.#liveMs = options.now();
    this.#followed = new FollowedBook({
      ...options,
      changed: (change) => this.#followedChanged(change),
      lost: (problem) => this.#source === "followed" && this.#lost(problem),
    });
  }

  get keys(): FeedKeys {
    return this.#options.keys;
  }

  get book(): OrderBook | undefined {
    return this.#current?.book;
  }

  get isLive(): boolean {
    return this.#current?.isLive ?? false;
  }

  get heardAt(): number {
    return this.#current?.heardAt ?? -Infinity;
  }

  get refusal(): StreamProblem | undefined {
    return this.#own?.refusal;
  }

  get role(): FeedRole {
    return this.#published !== undefined ? "leader" : this.#own !== undefined ? "alone" : "follower";
  }

  /** Whether it has its own stream of the exchange. */
  get hasOwn(): boolean {
    return this.#own !== undefined;
  }

  get isLeading(): boolean {
    return this.#published !== undefined;
  }

  get mayLead(): boolean {
    return this.#options.mayLead() && !this.#isClosed && this.#options.now() >= this.#restsUntilMs;
  }

  /** The position to request from Redis. */
  get position(): FeedPosition {
    return this.#followed.position;
  }

  get status(): MarketFeedStatus {
    const { connections, lost, gaps, updates, snapshots } = this.#own?.status ?? NO_COUNTS;
    const followed = this.#followed.counts;
    return {
      isLive: this.isLive,
      ageMs: this.#options.now() - this.heardAt,
      gaps: this.#before.gaps + gaps + followed.gaps,
      updates: this.#before.updates + updates + followed.updates,
      snapshots: this.#before.snapshots + snapshots,
      connections: this.#before.connections + connections,
      lost: sumOf(this.#before.lost, lost),
      sharing: {
        role: this.role,
        takeovers: this.#takeovers,
        lagMs: followed.lagMs,
        bytesSent: this.#bytesSent + (this.#published?.bytes ?? 0),
        bytesReceived: followed.bytes,
        foreign: followed.foreign,
      },
    };
  }

  /** Another server leads, or none does (`undefined`). */
  follow(answer: FollowAnswer | undefined): void {
    if (this.#isClosed || this.isLeading) return;
    if (answer === undefined) return this.#followed.takeNone();
    this.#hasFollowed = true;
    this.#followed.take(answer);
  }

  /** This server has obtained the lease. */
  lead(term: string): void {
    if (this.isLeading) return;
    this.#term = term;
    if (!this.mayLead) return void this.#release();
    this.#followed.takeNone();
    if (this.#hasFollowed) this.#takeovers++;
    this.#hasFollowed = false;
    this.#ownLiveMs = this.#options.now();
    const own = this.#own ??= this.#openOwn();
    this.#published = new PublishedBook({ ...this.#options, term, stream: own });
    this.#tellRole();
  }

  /** The lease contains foreign data. */
  refuseLease(): void {
    this.#followed.refuse("a lease that no server of ours has");
  }

  /** The time until the next tick of a leader without news, in milliseconds; `undefined` for other roles. */
  get restMs(): number | undefined {
    return this.#published?.restMs;
  }

  /** Performs what is due; called frequently. */
  tick(): void {
    if (this.#isClosed) return;
    const now = this.#options.now();
    if (this.isLive) this.#liveMs = now;
    if (this.#published === undefined) {
      this.#followed.expire();
      if (this.#own === undefined) this.#readAlone(now);
      else this.#keepWithinShare();
    } else if (this.#published.isOver) this.#stopLeading("another server may lead by now");
    else if (this.#own?.isLive) this.#ownLiveMs = now;
    else if (now - this.#ownLiveMs >= BOOKLESS_MS) {
      this.#restsUntilMs = now + RESTING_MS;
      void this.handOver();
    }
    void this.#published?.tick();
    this.#tellRole();
  }

  /** Gives up the lease at once; its stream continues until there is another server to follow. */
  handOver(): Promise<void> {
    if (this.#published !== undefined) this.#stopLeading("handed over");
    return this.#release();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const released = this.handOver();
    this.#closeOwn();
    this.#options.closed();
    await Promise.all([released, this.#ending]);
  }

  get #current(): MarketStream | FollowedBook | undefined {
    return this.#source === "own" ? this.#own : this.#followed;
  }

  #openOwn(): MarketStream {
    this.#isShareTold = false;
    return new MarketStream({
      ...this.#options.parts,
      pair: this.#options.pair,
      changed: (change) => this.#ownChanged(change),
      lost: (problem) => {
        this.#options.hasNews();
        if (this.#source === "own" || this.refusal !== undefined) this.#lost(problem);
      },
      relay: (text) => this.#published?.relay(text),
    });
  }

  #closeOwn(): void {
    const own = this.#own;
    if (own === undefined) return;
    this.#own = undefined;
    const { connections, updates, snapshots, gaps, lost } = own.status;
    this.#before.connections += connections;
    this.#before.updates += updates;
    this.#before.snapshots += snapshots;
    this.#before.gaps += gaps;
    this.#before.lost = sumOf(this.#before.lost, lost);
    this.#ending = Promise.all([this.#ending, own.close()]);
  }

  #ownChanged(change: MarketChange): void {
    if (change.isNew) {
      this.#published?.restart();
      this.#options.hasNews();
      // Of two live books the other server's takes precedence.
      if (!this.#followed.isLive) this.#source = "own";
    }
    if (this.#source === "own") this.#options.changed(change);
  }

  #followedChanged(change: MarketChange): void {
    if (change.isNew) {
      this.#source = "followed";
      this.#closeOwn();
    }
    this.#options.changed(change);
  }

  #lost(problem: StreamProblem): void {
    this.#options.lost(problem);
  }

  /** Opens a stream for this server alone, when it had no leader for too long and the key's limit allows it. */
  #readAlone(now: number): void {
    if (this.isLive || (!this.#followed.isSilent && now - this.#liveMs < PATIENCE_MS)) return;
    const { count, share } = this.#options.ownStreams();
    if (count < share) this.#own = this.#openOwn();
    else this.#tellShare();
  }

  /** A server that led many pairs closes some streams when Redis is unavailable and others need them. */
  #keepWithinShare(): void {
    const { count, share } = this.#options.ownStreams();
    if (count <= share || !this.#followed.isSilent) return;
    this.#tellShare();
    this.#closeOwn();
    this.#source = "followed";
    this.#lost({ code: "feed_lost", detail: "no stream left for this server alone" });
  }

  #tellShare(): void {
    const { pair } = this.#options;
    if (!this.#isShareTold) log.warning("no stream left for this server alone; reading over REST", { pair });
    this.#isShareTold = true;
  }

  #stopLeading(reason: string): void {
    log.info("no longer reading the exchange's stream for all servers", { pair: this.#options.pair, reason });
    this.#bytesSent += this.#published?.bytes ?? 0;
    this.#published = undefined;
    this.#liveMs = this.#options.now();
  }

  async #release(): Promise<void> {
    const { connection, keys: { lease } } = this.#options;
    const term = this.#term;
    this.#term = undefined;
    if (term !== undefined) await ask(connection, RELEASE, { keys: [lease], args: [term] });
  }

  #tellRole(): void {
    const { role } = this;
    if (role === this.#toldRole) return;
    this.#toldRole = role;
    const { pair } = this.#options;
    if (role === "leader") log.info("reading the exchange's stream for all servers", { pair });
    else if (role === "alone") log.warning("reading the exchange's stream for this server alone", { pair });
  }
}

const NO_COUNTS = { connections: 0, updates: 0, snapshots: 0, gaps: 0, lost: {} };

function sumOf(one: Readonly<Record<string, number>>, other: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...one };
  for (const [code, count] of Object.entries(other)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}
