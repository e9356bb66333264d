/**
 * One pair as this server follows it among others: it leads, so that its own stream of the exchange feeds all; or it follows
 * the one that leads; or it has a stream for itself alone, for as long as there is nobody to follow.
 *
 * Its readers hear of one book at a time. A stream of its own goes on until another server's book stands in for it.
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

/** A leader without a book gives the lease to others after this, and does not ask for it again for a while; milliseconds. */
const BOOKLESS_MS = 3_000;
const RESTING_MS = 10_000;

/** How long a server waits for the one that leads before it reads the exchange itself, in milliseconds. */
const PATIENCE_MS = 5_000;

/** What a feed stands on. */
export interface SharedFeedOptions extends FeedGround, MarketFeedOptions {
  readonly keys: FeedKeys;
  /** For streams of its own. */
  readonly parts: StreamParts;
  /** How many streams this server has, and how many it may have where Redis is away, so that all keep within the key's. */
  readonly ownStreams: () => { readonly count: number; readonly share: number };
  /** Whether there are other servers. */
  readonly isShared: () => boolean;
  /** Whether this server may lead. */
  readonly mayLead: () => boolean;
  /** Called once it is closed. */
  readonly closed: () => void;
}

/** A pair, from the constructor to `close()`. */
export class SharedFeed implements MarketFeed {
  readonly #options: SharedFeedOptions;
  readonly #followed: FollowedBook;
  #own: MarketStream | undefined;
  #published: PublishedBook | undefined;
  #term: string | undefined;
  /** Whose book readers hear of. */
  #source: "own" | "followed" = "followed";
  #restsUntilMs = -Infinity;
  /** When readers had a live book last, and when the stream of this leader was live last. */
  #liveMs: number;
  #ownLiveMs = -Infinity;
  #isClosed = false;
  #hasFollowed = false;
  #takeovers = 0;
  #bytesSent = 0;
  #toldRole: FeedRole | undefined;
  #isShareTold = false;
  /** Of streams that were closed. */
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

  /** Whether it has a stream of the exchange. */
  get hasOwn(): boolean {
    return this.#own !== undefined;
  }

  get isLeading(): boolean {
    return this.#published !== undefined;
  }

  get mayLead(): boolean {
    return this.#options.mayLead() && !this.#isClosed && this.#options.now() >= this.#restsUntilMs;
  }

  /** What Redis is asked for. */
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

  /** Another server leads, or nobody does (`undefined`). */
  follow(answer: FollowAnswer | undefined): void {
    if (this.#isClosed || this.isLeading) return;
    if (answer === undefined) return this.#followed.takeNone();
    this.#hasFollowed = true;
    this.#followed.take(answer);
  }

  /** This server has got the lease. */
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

  /** What stood in the place of the lease. */
  refuseLease(): void {
    this.#followed.refuse("a lease that no server of ours has");
  }

  /** Does what time brings; to be called often. */
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

  /** Gives the lease up at once, if it has it; its stream goes on until there is another server to follow. */
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
      // Of two books that are live the other server's is the one to stay.
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

  /** Opens a stream for this server alone, where there has been nobody to follow for too long and the key has room. */
  #readAlone(now: number): void {
    if (this.isLive || (!this.#followed.isSilent && now - this.#liveMs < PATIENCE_MS)) return;
    const { count, share } = this.#options.ownStreams();
    if (count < share) this.#own = this.#openOwn();
    else this.#tellShare();
  }

  /** A server that has led many pairs gives some back, where Redis is away and others need streams too. */
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
