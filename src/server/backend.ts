/** Opens the backend that answers calls: the tools, the exchange client and, if enabled, trading. */

import { publicConfig } from "../config/print.ts";
import type { CallerFacts } from "../access/caller.ts";
import type { Exchange } from "../market/exchange_port.ts";
import type { ExchangeUsage } from "../market/exchange_usage.ts";
import type { Markets } from "../market/pairs.ts";
import type { LiveMarkets } from "../market/live/live_markets.ts";
import type { SharedReads } from "../market/shared_reads.ts";
import type { CallObserver } from "../monitoring/observed_call.ts";
import type { Backend } from "../protocol/backend_port.ts";
import { offersOf } from "../protocol/resource_list.ts";
import { ResourceWatch } from "../protocol/resource_watch.ts";
import { SharedAnswers } from "../protocol/shared_answers.ts";
import { stateFolder } from "../state/folder.ts";
import { selectTools } from "../tools/catalogue.ts";
import type { ToolContext } from "../tools/tool.ts";
import { isPaper } from "../trading/orders/trading_account.ts";
import type { Broker } from "../trading/broker.ts";
import type { Announcement } from "../trading/confirmation/confirmer.ts";
import type { TradingFigures } from "../trading/audit_log.ts";
import { NAME, VERSION } from "../version.ts";
import { openExchange } from "./open_exchange.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { OpenPaper } from "./open_paper.ts";
import type { OpenRecord } from "./open_trading_record.ts";
import type { SharedState } from "./open_shared_state.ts";
import type { World } from "../world.ts";
import type { ExchangeWatch } from "./exchange_watch.ts";
import { resourceHints } from "./resource_hints.ts";
import { observeCalls } from "./observe_calls.ts";
import type { Presence } from "./instances/presence.ts";

/** Watching resources may take one part in this many of the calls to the exchange. */
const PARTS_OF_CALLS = 5;

/** A backend that can be closed. */
export interface OpenBackend extends Backend {
  readonly usage: () => ExchangeUsage;
  /** The markets that are followed by streams; `undefined` when market data comes only over REST. */
  readonly live: LiveMarkets | undefined;
  /**
   * Figures about trading; absent while it is off.
   *
   * @throws {StoreError} when the record cannot be read
   */
  readonly tradingFigures?: () => Promise<TradingFigures>;
  /**
   * While files are still being opened: settles when they are open, rejects with a `StateError` when they cannot be.
   */
  readonly opening: Promise<void> | undefined;
  close(): Promise<void>;
}

/** The process that a backend is opened for. */
export interface BackendUse {
  /** The start of the program, in monotonic milliseconds. */
  readonly startedMs: number;
  /** A server takes over orders of ended processes, a command handles only its own. */
  readonly isServer: boolean;
  /**
   * State shared between servers.
   *
   * @default none
   */
  readonly shared?: Pick<SharedState, "createCallSupply" | "createMarketFeeds">;
}

/** What a backend is opened with. */
export interface BackendOptions extends BackendUse {
  /** Present when trading is enabled. */
  readonly record: OpenRecord | undefined;
  /** Present when this process uses a state folder. */
  readonly presence: Presence | undefined;
  /** Notifies the operator of an order that waits for a person. */
  readonly announce: (announcement: Announcement) => void;
  /** Observers of every call; more may be added later. */
  readonly observers: readonly CallObserver[];
}

/**
 * Opens the backend of the configuration.
 *
 * @throws {StateError} when the paper ledger cannot be used
 */
export async function openBackend(
  loaded: LoadedConfig,
  world: World,
  { startedMs, isServer, shared, record, presence, announce, observers }: BackendOptions,
): Promise<OpenBackend> {
  const { config } = loaded;
  const opened = await openExchange(loaded, world, { ...shared, isServer });
  const { exchange, live, account, markets, main, usage, close } = opened;
  const paper = await openPaperFor(loaded, { exchange, host: main.name.host, record, world, isServer });
  const trading = record === undefined ? undefined : await (await import("./open_trading.ts")).openTrading(
    record,
    { world, markets, accounts: paper?.isForAll ? [] : [main], paper, announce },
  );
  const watch = presence && await follow(presence, { exchange, usage }, { kind: config.exchange, isServer });
  const tools = selectTools(config.tools);
  const answers = new SharedAnswers(exchange.saved);
  const server = {
    name: NAME,
    version: VERSION,
    exchange: config.exchange,
    trading: config.trading,
    tools: tools.listed,
    usage,
  };
  const contextOf = contextsOf({ exchange, markets, world, server }, paper, trading?.broker);
  const isOffered = offersOf(tools.listed);
  const resources = { config: publicConfig(loaded), uptimeMs: () => world.monotonic() - startedMs };
  return {
    tools,
    contextOf,
    exchange,
    usage,
    live,
    ...(trading === undefined ? {} : { tradingFigures: () => trading.figures() }),
    resources,
    // Reading a watched resource is not a call: it counts in no metric and is not logged.
    watch: new ResourceWatch({
      read: textsOf({ contextOf, resources, run: (...call) => answers.run(...call) }),
      mayRead: ({ entry }, caller) => isOffered(entry, caller),
      paceMs: 60_000 * PARTS_OF_CALLS / exchange.status().budget.limitPerMinute,
      follow: resourceHints({ live, account, markets, isOnAccount: (caller) => !contextOf(caller).isPaper }),
    }),
    opening: paper?.opening,
    run: observeCalls((tool, args, context) => answers.run(tool, args, context), {
      observers,
      monotonic: world.monotonic,
    }),
    async close() {
      await watch?.stop();
      await trading?.close();
      await paper?.close();
      await close();
    },
  };
}

/** Reads the texts of resources for their watchers. */
function textsOf({ contextOf, resources, run }: Pick<Backend, "contextOf" | "resources" | "run">) {
  return async (uri: string, caller: CallerFacts): Promise<string> => {
    const { readResource } = await import("../protocol/resources.ts");
    const { signal } = new AbortController();
    const { contents: [content] } = await readResource(uri, { ...contextOf(caller), ...resources, run, signal });
    return content !== undefined && "text" in content ? content.text : "";
  };
}

/** The context of each caller's tools: the exchange, or its paper account. */
function contextsOf(
  { exchange, markets, world, server }: {
    exchange: SharedReads;
    markets: Markets;
    world: World;
    server: ToolContext["server"];
  },
  paper: OpenPaper | undefined,
  broker: Broker | undefined,
): Backend["contextOf"] {
  const { now, monotonic } = world;
  const market = { exchange, markets, now, monotonic };
  return (caller) => {
    const account = broker?.traderOf(caller.identity).account;
    const isOnPaper = account === undefined ? paper?.isForAll ?? false : isPaper(account);
    // If the policy began to use paper mode after the start, there is no paper exchange; real data must not be labelled
    // paper.
    const view = isOnPaper ? paper?.viewOf(caller.identity) : undefined;
    const context = {
      caller,
      exchange: view ?? exchange.as(caller.identity),
      markets,
      market: view === undefined ? market : { ...market, exchange: view },
      now,
      server,
      isPaper: view !== undefined,
    };
    return broker === undefined ? context : { ...context, broker };
  };
}

async function openPaperFor(
  { config }: LoadedConfig,
  { exchange, host, record, world, isServer }: {
    exchange: SharedReads;
    host: string;
    record: OpenRecord | undefined;
    world: World;
    isServer: boolean;
  },
): Promise<OpenPaper | undefined> {
  const isForAll = config.exchange === "paper";
  if (!isForAll && !record?.policies.hasPaper) return undefined;
  const folder = record?.folder ?? config.state ?? stateFolder(world.env);
  if (folder === undefined) throw new TypeError("Cannot open paper accounts as there is no folder for them");
  const [{ openPaper }, { readDatabaseAccess }] = await Promise.all([
    import("./open_paper.ts"),
    import("../config/database_access.ts"),
  ]);
  const { stateTimeout } = config;
  // Problems of these settings were reported when the record was opened.
  const database = await readDatabaseAccess(config, []);
  // A command has nothing else to do meanwhile.
  const upstream = { upstream: exchange, host };
  return await openPaper({ ...upstream, folder, database, stateTimeout, startsEarly: isServer, world, isForAll });
}

/** Reports how a process reaches the exchange; a server also checks it when no client calls. */
async function follow(
  presence: Presence,
  { exchange, usage }: { exchange: Exchange; usage: () => ExchangeUsage },
  { kind, isServer }: { kind: LoadedConfig["config"]["exchange"]; isServer: boolean },
): Promise<ExchangeWatch | undefined> {
  const { exchangeReport } = await import("./instances/presence.ts");
  presence.follow(() => ({ exchange: exchangeReport(exchange.status(), usage(), kind) }));
  if (!isServer) return undefined;
  const { ExchangeWatch } = await import("./exchange_watch.ts");
  const watch = new ExchangeWatch({ exchange, asked: () => presence.write() });
  watch.start();
  return watch;
}
