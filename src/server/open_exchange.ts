/** Opens the configured exchange, always through the same client. */

import { getLogger } from "../logging/logger.ts";
import { callsPerMinute, streamAddress } from "../config/in_force.ts";
import type { LoadedConfig } from "../config/load.ts";
import { StreamSessions } from "../exchange/stream/stream_sessions.ts";
import type { StreamCredentials } from "../exchange/stream/stream_socket.ts";
import { LiveAccount } from "../market/live/live_account.ts";
import { LiveMarkets } from "../market/live/live_markets.ts";
import { liveSources } from "../market/live/live_sources.ts";
import type { ExchangeUsage } from "../market/exchange_usage.ts";
import { SharedReads } from "../market/shared_reads.ts";
import { sleep } from "../timing/sleep.ts";
import { Markets } from "../market/pairs.ts";
import type { RunningSimulation, ServerOptions } from "../simulation/server.ts";
import { MAIN_ACCOUNT } from "../trading/orders/trading_account.ts";
import type { World } from "../world.ts";
import { openExchangeAccount } from "./exchange_account.ts";
import type { ExchangeAccount } from "./exchange_account.ts";
import type { SharedState } from "./open_shared_state.ts";

const log = getLogger(["luno-mcp-server", "exchange"]);

/** A client of the chosen exchange, and what must be closed with it. */
export interface OpenExchange {
  /** The account that is traded on, through the shared reads. */
  readonly main: ExchangeAccount;
  readonly exchange: SharedReads;
  /** The markets that are followed by streams; `undefined` when market data comes only over REST. */
  readonly live: LiveMarkets | undefined;
  /** Messages of the exchange about its account; `undefined` when nothing uses them. */
  readonly account: LiveAccount | undefined;
  readonly markets: Markets;
  readonly usage: () => ExchangeUsage;
  close(): Promise<void>;
}

/** How {@linkcode openExchange} is used. */
export interface ExchangeUse extends Pick<SharedState, "createCallSupply" | "createMarketFeeds"> {
  /**
   * Only servers follow markets by streams.
   *
   * @default false
   */
  readonly isServer?: boolean;
}

/** Opens the exchange; starts an embedded one first. */
export async function openExchange(
  loaded: LoadedConfig,
  world: World,
  { createCallSupply, createMarketFeeds, isServer = false }: ExchangeUse = {},
): Promise<OpenExchange> {
  const { config, credentials } = loaded;
  const limitPerMinute = callsPerMinute(loaded);
  const simulated = config.exchange === "simulated"
    ? await startEmbedded({ seed: config.seed, rateLimitPerMinute: limitPerMinute, now: world.now })
    : undefined;
  if (simulated !== undefined && credentials !== undefined) {
    log.info("ignoring LUNO_API_KEY with --exchange simulated");
  }
  const key = simulated?.keys.trading ?? revealed(credentials);
  const url = new URL(simulated?.url ?? config.apiUrl.href);
  const calls = { limitPerMinute, now: world.monotonic };
  // The embedded exchange serves this server alone.
  const isShared = simulated === undefined;
  const supply = isShared ? createCallSupply?.({ name: `${url.host} ${key?.id ?? ""}`, ...calls }) : undefined;
  const access = { url, key, limitPerMinute, supply, kind: config.exchange, isOwn: !isShared };
  const opened = openExchangeAccount({ account: MAIN_ACCOUNT, ...access }, world);
  const client = opened.exchange;
  const streamUrl = simulated === undefined ? streamAddress(loaded) : new URL(simulated.url.replace(/^http/, "ws"));
  const { live, account } = isServer
    ? openStreams(loaded, { url: streamUrl, key, world, createMarketFeeds: isShared ? createMarketFeeds : undefined })
    : NO_STREAMS;
  const sources = live === undefined ? {} : liveSources(live, { now: world.monotonic });
  const exchange = new SharedReads(client, { now: world.monotonic, wallClock: world.now, sources, account });
  const forget = () => exchange.forgetAccount();
  account?.follow({ changed: forget, connected: forget, lost: forget });
  return {
    main: { ...opened, exchange, news: account },
    exchange,
    live,
    account,
    usage: () => ({
      calls: client.callCounts,
      saved: exchange.saved.all,
      streams: live?.status ?? [],
      userStreams: account?.status === undefined ? [] : [{ account: opened.account.id, ...account.status }],
    }),
    markets: new Markets(exchange, { now: world.monotonic }),
    async close() {
      await Promise.all([live?.close(), account?.close()]);
      client.close();
      await simulated?.stop();
    },
  };
}

/** Data of streams; each absent without streams. */
interface OpenStreams {
  readonly live: LiveMarkets | undefined;
  readonly account: LiveAccount | undefined;
}

const NO_STREAMS: OpenStreams = { live: undefined, account: undefined };

/** Follows markets and the account by streams, if settings and key allow it; logs where market data comes from. */
function openStreams(
  { config }: LoadedConfig,
  { url, key, world, createMarketFeeds }: {
    readonly url: URL;
    readonly key: StreamCredentials | undefined;
    readonly world: World;
    readonly createMarketFeeds: SharedState["createMarketFeeds"];
  },
): OpenStreams {
  if (config.marketData === "rest" || key === undefined) {
    const reason = config.marketData === "rest" ? "--market-data rest" : "streams need an API key";
    log.info("market data over REST", { reason });
    return NO_STREAMS;
  }
  log.info("market data over streams", { host: url.host });
  const { now: wallClock, monotonic: now, random = Math.random } = world;
  const parts = { url, credentials: key, sessions: new StreamSessions(), now, random, sleep };
  // Paper orders are not on the key's account.
  const account = config.exchange === "paper" ? undefined : new LiveAccount(parts);
  const feeds = createMarketFeeds?.({ host: url.host, parts });
  return { live: new LiveMarkets({ ...parts, wallClock, feeds }), account };
}

function revealed(credentials: LoadedConfig["credentials"]): { id: string; secret: string } | undefined {
  return credentials && { id: credentials.id.reveal(), secret: credentials.secret.reveal() };
}

async function startEmbedded(options: ServerOptions): Promise<RunningSimulation> {
  const { startSimulation } = await import("../simulation/server.ts");
  return await startSimulation({ ...options, connectionResets: false });
}
