/** Servers that share the streams of a simulated exchange over a real Redis. Redis and streams go by the real clock. */

import { CallBudget } from "../../../../src/exchange/budget.ts";
import { ExchangeClient } from "../../../../src/exchange/client.ts";
import type { FeedRole, SharingStatus } from "../../../../src/exchange/stream/market_feed.ts";
import { StreamSessions } from "../../../../src/exchange/stream/stream_sessions.ts";
import { LiveMarkets } from "../../../../src/market/live/live_markets.ts";
import { liveSources } from "../../../../src/market/live/live_sources.ts";
import { SharedReads } from "../../../../src/market/shared_reads.ts";
import { SIMULATED_KEYS } from "../../../../src/simulation/api/simulated_keys.ts";
import type { RedisState } from "../../../../src/state/shared/redis/open_redis.ts";
import { sleep } from "../../../../src/timing/sleep.ts";
import { TestExchange } from "../../../support/exchange.ts";
import { lookUntil } from "../../../support/look_until.ts";
import { openRedis } from "./redis_installation.ts";
import { startRedis } from "./redis_server.ts";
import type { RedisServer } from "./redis_server.ts";

const PAIR = "XBTZAR";

/** Where keys of {@linkcode PAIR} begin, but for the prefix of the service. */
export function feedPrefix(url: string): string {
  return `feed:${new URL(url).host}:${PAIR}:`;
}

/** How a server differs from the usual one. */
export interface FeedServerOptions {
  /** Where it reaches Redis. @default the Redis of the world */
  readonly redisUrl?: string;
  /** Where it reads the exchange's streams. @default the simulated exchange */
  readonly streamUrl?: string;
  /** Streams that its key allows. @default 50 */
  readonly sessions?: number;
  readonly now?: () => number;
}

/** One server as its readers see it. */
export class FeedServer {
  readonly state: RedisState;
  readonly markets: LiveMarkets;
  readonly shared: SharedReads;
  readonly client: ExchangeClient;
  readonly sessions: StreamSessions;

  constructor(state: RedisState, exchange: TestExchange, { streamUrl, sessions, now }: FeedServerOptions) {
    this.state = state;
    const wallClock = () => exchange.clock.now;
    const url = new URL((streamUrl ?? exchange.simulation.url).replace(/^http/, "ws"));
    this.sessions = new StreamSessions(sessions);
    const parts = {
      url,
      credentials: SIMULATED_KEYS.trading,
      sessions: this.sessions,
      now: now ?? (() => performance.now()),
      random: () => 0,
      sleep,
    };
    const { host } = new URL(exchange.simulation.url);
    this.markets = new LiveMarkets({ ...parts, wallClock, feeds: state.createMarketFeeds({ host, parts }) });
    this.client = new ExchangeClient({
      url: exchange.simulation.url,
      credentials: SIMULATED_KEYS.trading,
      budget: new CallBudget({ limitPerMinute: 100_000 }),
      now: parts.now,
      wallClock,
    });
    this.shared = new SharedReads(this.client, {
      now: parts.now,
      wallClock,
      sources: liveSources(this.markets, parts),
    });
  }

  get role(): FeedRole | undefined {
    return this.sharing?.role;
  }

  get sharing(): SharingStatus | undefined {
    return this.markets.status[0]?.sharing;
  }

  get isLive(): boolean {
    return this.markets.status[0]?.isLive ?? false;
  }

  /** Waits until it is as wanted. */
  async until(isWanted: () => boolean, problem: string): Promise<void> {
    this.markets.read(PAIR);
    const look = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(isWanted()), 10));
    await lookUntil((is) => is, look, `${problem}; ${JSON.stringify(this.markets.status)}`);
  }

  /** Waits until its book is the present one, of whichever server. */
  async live(): Promise<void> {
    await this.until(() => this.isLive, "the book never became live");
  }

  /** Waits until it has the update. */
  async reaches(sequence: bigint): Promise<void> {
    const isThere = () => this.isLive && (this.markets.peek(PAIR)?.sequence ?? 0n) >= sequence;
    await this.until(isThere, `the book never came to ${sequence}`);
  }

  async close(): Promise<void> {
    await this.markets.close();
    this.client.close();
    await this.state.close();
  }
}

/** A Redis, an exchange, and the servers that are started. */
export class FeedWorld implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly exchange: TestExchange;
  readonly servers: FeedServer[] = [];
  readonly #others: RedisState[] = [];

  private constructor(redis: RedisServer, exchange: TestExchange) {
    this.redis = redis;
    this.exchange = exchange;
  }

  static async start(settings: readonly string[] = []): Promise<FeedWorld> {
    const [redis, exchange] = await Promise.all([startRedis({ settings }), TestExchange.start()]);
    return new FeedWorld(redis, exchange);
  }

  /** Starts a server, which reads the pair. */
  async serve(options: FeedServerOptions = {}): Promise<FeedServer> {
    const state = await openRedis(options.redisUrl ?? this.redis.url, { deadlineMs: 250 });
    const server = new FeedServer(state, this.exchange, options);
    this.servers.push(server);
    server.markets.read(PAIR);
    return server;
  }

  /** Starts a server that does not read the pair, and has the others know of it. */
  async startOther(): Promise<void> {
    this.#others.push(await openRedis(this.redis.url));
    await Promise.all(this.servers.map(({ state }) => state.servers.beat()));
  }

  /** Starts a server that leads, and others that follow it. */
  async cluster(count: number): Promise<[leader: FeedServer, ...FeedServer[]]> {
    const leader = await this.serve();
    await leader.live();
    const followers: FeedServer[] = [];
    for (let each = 1; each < count; each++) followers.push(await this.serve());
    await Promise.all(followers.map((server) => server.live()));
    return [leader, ...followers];
  }

  /** Moves the exchange's clock on; answers the update up to which that leads. */
  async pass(milliseconds: number): Promise<bigint> {
    this.exchange.clock.now += milliseconds;
    const response = await fetch(`${this.exchange.simulation.url}/api/1/ticker?pair=${PAIR}`);
    await response.body?.cancel();
    return BigInt(response.headers.get("x-simulated-sequence") ?? "0");
  }

  /** One command on a key of the pair: `lease`, `state`, `updates` or `snapshot`. */
  async onKey(command: string, key: string, ...words: readonly string[]): Promise<string> {
    return await this.redis.command(
      command,
      `luno-mcp-server:${feedPrefix(this.exchange.simulation.url)}${key}`,
      ...words,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.servers, ...this.#others].map((server) => server.close()));
    await this.exchange[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
  }
}
