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

/** How long a start waits for the first answer; without one the server starts all the same. */
const FIRST_OUTCOME_MS = 3_000;

/** What is written for market data is large, so that it may take its time; milliseconds. */
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

  /** Opens it; a Redis that cannot be reached yet is no error. */
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

  /** The calls of a budget, which its name tells from others. */
  createCallSupply(options: Pick<RedisCallSupplyOptions, "name" | "limitPerMinute" | "now">): CallSupply {
    return new RedisCallSupply({ ...options, tokens: this.tokens, servers: () => this.servers.count });
  }

  /** Sessions over HTTP that any server goes on with, until nobody has used them for so long. */
  createSessionStore({ idleMs }: { readonly idleMs: number }): SessionStore {
    return new RedisSessionStore({ connection: this.connection, servers: this.servers, idleMs });
  }

  /** Market data of which each pair is read from the exchange by one server. */
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

  /** Sessions over WebSocket that any server goes on with, and ending both kinds, those over HTTP kept for so long. */
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
