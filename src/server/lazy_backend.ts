/**
 * The backend of a server: opened at the first call, so that a start costs only what it needs; at the start where it
 * writes files, as the permission for that is given back then.
 */

import type { Exchange } from "../market/exchange_port.ts";
import type { Announcement } from "../trading/confirmation/confirmer.ts";
import type { ApprovalPages } from "./approval_page.ts";
import type { OpenBackend } from "./backend.ts";
import type { LoadedConfig } from "./open_exchange.ts";
import type { TradingRecord } from "./open_trading.ts";
import type { Presence } from "./presence.ts";
import type { ExchangeWatch } from "./exchange_watch.ts";
import { lazily } from "./lazily.ts";
import type { Lazy } from "./lazily.ts";
import type { TradingView } from "./trading_facts.ts";
import type { World } from "../world.ts";

/** A backend to come, and what of it can be read anew. */
export interface LazyBackend extends Lazy<OpenBackend> {
  /** Reads the policy file again; answers what is wrong with it. */
  reload(): Promise<string[]>;
  /** This process in its state folder; absent where it uses none. */
  readonly presence: Presence | undefined;
  /** How trading stands; absent while it is off. */
  readonly trading: TradingView | undefined;
  /** Ends what was opened. */
  close(): Promise<void>;
}

/**
 * Prepares the backend, or answers every problem at once. `startedMs` is when the program started, monotonic; a server
 * takes over what others have left undone, a command minds its own orders only.
 */
export async function prepareBackend(
  loaded: LoadedConfig,
  world: World,
  { startedMs, isServer }: { startedMs: number; isServer: boolean },
): Promise<{ ok: true; backend: LazyBackend } | { ok: false; problems: string[] }> {
  const { trading, exchange } = loaded.config;
  const writes = trading !== "off" || exchange === "paper";
  const opened = writes
    ? await (await import("./open_trading.ts")).openTradingRecord(loaded, world, { isServer })
    : { ok: true as const, record: undefined };
  if (!opened.ok) return opened;
  const { record } = opened;
  const usesFolder = exchange === "paper" || isServer && loaded.config.transport !== "stdio";
  const presence = record?.presence ?? (usesFolder ? await enterFolder(loaded, world, isServer) : undefined);
  let watch: ExchangeWatch | undefined;
  const page = record === undefined ? undefined : await openPages(record, world, loaded);
  const lazy = lazily(async () => {
    const { openBackend } = await import("./backend.ts");
    const announce = (order: Announcement) => page?.announce(order);
    const opened = await openBackend(loaded, world, { startedMs, record, announce });
    watch = presence === undefined ? undefined : await follow(presence, opened.exchange, { exchange, isServer });
    return opened;
  });
  const failed = writes ? await opens(lazy) : undefined;
  // From here on nothing new is written but by the databases that are open.
  Deno.permissions.revokeSync({ name: "write" });
  if (failed !== undefined) {
    record?.close();
    await presence?.end();
    return { ok: false, problems: [failed] };
  }
  return {
    ok: true,
    backend: {
      get: lazy.get,
      get value() {
        return lazy.value;
      },
      settled: lazy.settled,
      presence,
      trading: record && await viewTrading(record, world),
      reload: async () => await record?.reload() ?? [],
      async close() {
        await page?.close();
        await lazy.settled();
        await watch?.stop();
        await (await lazy.settled())?.close();
        await presence?.end();
      },
    },
  };
}

async function viewTrading({ store, policies }: TradingRecord, world: World): Promise<TradingView> {
  const { TradingView } = await import("./trading_facts.ts");
  return new TradingView({ store, policies, now: world.now });
}

/** Has a process tell how it reaches the exchange; a server also asks it when nobody else does. */
async function follow(
  presence: Presence,
  exchange: Exchange,
  { exchange: kind, isServer }: { exchange: LoadedConfig["config"]["exchange"]; isServer: boolean },
): Promise<ExchangeWatch | undefined> {
  const { exchangeReport } = await import("./presence.ts");
  presence.follow(() => ({ exchange: exchangeReport(exchange.status(), kind) }));
  if (!isServer) return undefined;
  const { ExchangeWatch } = await import("./exchange_watch.ts");
  const watch = new ExchangeWatch({ exchange, asked: () => presence.write() });
  watch.start();
  return watch;
}

/** A process without orders, which runs also where the folder cannot be written. */
async function enterFolder(loaded: LoadedConfig, world: World, isServer: boolean): Promise<Presence> {
  const { enterFolder } = await import("./presence.ts");
  return enterFolder(loaded, world, { isServer, isNeeded: false });
}

/** Where stderr is no terminal, or is to hold JSON alone, links stand beside it in a file. */
async function openPages(record: TradingRecord, world: World, { config }: LoadedConfig): Promise<ApprovalPages> {
  const { openApprovals } = await import("./approval_page.ts");
  if (config.logFormat === "text" && world.stderr.isTerminal()) return openApprovals(record.store, world);
  const { ApprovalLinks } = await import("./approval_links.ts");
  return openApprovals(record.store, world, await ApprovalLinks.open(record.folder));
}

/** The problem with a file that is to be written, if there is one. */
async function opens(lazy: Lazy<OpenBackend>): Promise<string | undefined> {
  try {
    await lazy.get();
    return undefined;
  } catch (error) {
    const { StateError } = await import("../state/state_error.ts");
    if (error instanceof StateError) return `--state: ${error.message}`;
    throw error;
  }
}
