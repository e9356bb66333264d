/** Opens the state that several servers share over Redis or Valkey. */

import type { CallSupply } from "../../../exchange/call_supply.ts";
import type { ConnectionPlaces } from "../../../session/connection_places.ts";
import type { MarketFeeds } from "../../../exchange/stream/market_feed.ts";
import type { RateLimit, RateLimitOptions } from "../../../session/rate_limit.ts";
import { KEPT_MS } from "../../../session/resumption_store.ts";
import type { ResumptionStore } from "../../../session/resumption_store.ts";
import type { SessionBoard } from "../../../session/session_board.ts";
import type { SessionEnds } from "../../../session/session_ends.ts";
import type { SessionStore } from "../../../session/session_store.ts";
import { Beginning } from "./beginning.ts";
import { RedisConnection } from "./connection.ts";
import type { RedisConnectionOptions } from "./connection.ts";
import { RedisCallSupply } from "./call_supply.ts";
import type { RedisCallSupplyOptions } from "./call_supply.ts";
import { RedisConnectionPlaces } from "./connection_places.ts";
import { RedisMarketFeeds } from "./feed/market_feeds.ts";
import type { RedisMarketFeedsOptions } from "./feed/market_feeds.ts";
import { RedisRateLimit } from "./rate_limit.ts";
import { Servers } from "./servers.ts";
import { RedisResumptionStore } from "./resumption_store.ts";
import { RedisSessionBoard } from "./session_board.ts";
import { RedisSessionNews } from "./session_news.ts";
import { RedisSessionStore } from "./session_store.ts";
import { SharedTokens } from "./shared_tokens.ts";

/** How long a start waits for the first answer; without one the server starts anyway. */
const FIRST_OUTCOME_MS = 3_000;

/** Deadline of writes of market data, which are large; milliseconds. */
const FEED_DEADLINE_MS = 1_000;

/** The shared state of one server. */
export class RedisState {
  readonly connection: RedisConnection;
  readonly servers: Servers;
  readonly tokens: SharedTokens;
  readonly places: ConnectionPlaces;

  readonly #options: RedisConnectionOptions;

  private constructor(connection: RedisConnection, options: RedisConnectionOptions) {
    const { monotonic } = options;
    this.#options = options;
    this.connection = connection;
    const beginning = new Beginning();
    this.servers = new Servers(connection, beginning);
    this.tokens = new SharedTokens(connection, beginning, monotonic);
    this.places = new RedisConnectionPlaces({ connection, servers: this.servers, beginning, monotonic });
  }

  /** Opens it; an unreachable Redis is not an error. */
  static async open(options: RedisConnectionOptions): Promise<RedisState> {
    const connection = new RedisConnection(options);
    const state = new RedisState(connection, options);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, FIRST_OUTCOME_MS));
    await Promise.race([connection.firstOutcome, late]);
    clearTimeout(timer);
    await state.servers.beat();
    return state;
  }

  createRateLimit(options: RateLimitOptions): RateLimit {
    return new RedisRateLimit({ ...options, tokens: this.tokens, servers: () => this.servers.count });
  }

  /** The calls of a budget, identified by its name. */
  createCallSupply(options: Pick<RedisCallSupplyOptions, "name" | "limitPerMinute" | "now">): CallSupply {
    return new RedisCallSupply({ ...options, tokens: this.tokens, servers: () => this.servers.count });
  }

  /** HTTP sessions that any server can continue, until they are idle for this long. */
  createSessionStore({ idleMs }: { readonly idleMs: number }): SessionStore {
    return new RedisSessionStore({ connection: this.connection, servers: this.servers, idleMs });
  }

  /** Market data: each pair is read from the exchange by one server. */
  createMarketFeeds(options: Pick<RedisMarketFeedsOptions, "host" | "parts">): MarketFeeds {
    const { deadlineMs = 0, ...same } = this.#options;
    const without = "each server reads the exchange's streams itself";
    const connection = { ...same, deadlineMs: Math.max(deadlineMs, FEED_DEADLINE_MS), without };
    const { id: server } = this.servers;
    return new RedisMarketFeeds({
      ...options,
      server,
      servers: () => this.servers.count,
      connect: () => new RedisConnection(connection),
    });
  }

  createSessionBoard(): SessionBoard {
    return new RedisSessionBoard(this.connection, this.servers);
  }

  /**
   * WebSocket sessions that any server can resume, and ending both kinds of sessions; `keptMs` is how long HTTP
   * sessions are kept.
   */
  createResumptions(
    { idleMs, keptMs = KEPT_MS }: { readonly idleMs: number; readonly keptMs?: number },
  ): { store: ResumptionStore; ends: SessionEnds } {
    const { connection, servers } = this;
    const { monotonic } = this.#options;
    const news = new RedisSessionNews({ connection, servers, keptMs: Math.max(idleMs, keptMs), monotonic });
    return { store: new RedisResumptionStore({ connection, servers, news, keptMs }), ends: news };
  }

  async close(): Promise<void> {
    await this.servers.leave();
    this.connection.close();
  }
}
