/**
 * Opens what orders need: the trading record, the policy, a desk for each exchange that somebody trades on, and the
 * paper exchange. Everything that is written is opened here, so that the permission to write can be given back after it.
 */

import { getLogger } from "@logtape/logtape";
import { sleep } from "../exchange/deadline.ts";
import type { Markets } from "../exchange/pairs.ts";
import type { Exchange } from "../market/shared_reads.ts";
import { stateFolder, stateVariables } from "../state/folder.ts";
import { networkFileSystem } from "../state/network_file_system.ts";
import { StateError } from "../state/sqlite.ts";
import { ArchiveError } from "../trading/archive_files.ts";
import type { Announcement } from "../trading/confirmation_desk.ts";
import { Broker } from "../trading/broker.ts";
import type { Venue } from "../trading/broker.ts";
import { Desk } from "../trading/desk.ts";
import type { DeskInstance, DeskJournal } from "../trading/desk_parts.ts";
import { HaltWatch } from "../trading/halt_watch.ts";
import type { Instance } from "../trading/instances.ts";
import type { Journal } from "../trading/journal.ts";
import type { OrderKind } from "../trading/kill_switch.ts";
import { CurrentPolicies } from "../trading/policies.ts";
import type { ExchangeName } from "../trading/order_summary.ts";
import { StoreError } from "../trading/store_connection.ts";
import { TradingStore } from "../trading/store.ts";
import type { Trader } from "../trading/trader.ts";
import { TradingError } from "../trading/trading_error.ts";
import type { LoadedConfig } from "./exchange.ts";
import type { OpenPaper } from "./open_paper.ts";
import { readPolicy } from "./policy_file.ts";
import type { World } from "./world.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** The trading record and the policy, checked before anything is served. */
export interface TradingRecord {
  readonly folder: string;
  readonly store: TradingStore;
  /** This process among those that use the record. */
  readonly instance: DeskInstance;
  readonly policies: CurrentPolicies;
  /** Reads the policy file again; what is wrong with it is answered and changes nothing. */
  reload(): Promise<string[]>;
  /** Leaves the record. */
  close(): void;
}

/** Trading that is switched on. */
export interface OpenTrading {
  readonly broker: Broker;
  close(): Promise<void>;
}

/** Opens the record and reads the policy; `undefined` while trading is off, as on paper that is only looked at. */
export async function openTradingRecord(
  { config }: LoadedConfig,
  world: World,
  { isServer }: { isServer: boolean },
): Promise<{ ok: true; record: TradingRecord | undefined } | { ok: false; problems: string[] }> {
  const problems: string[] = [];
  const folder = config.state ?? stateFolder(world.env);
  if (folder === undefined) {
    problems.push(`--state: expected a folder: ${stateVariables().join(" and ")} name none`);
  }
  // Paper accounts need the folder too.
  if (config.trading === "off") {
    return problems.length > 0 ? { ok: false, problems } : { ok: true, record: undefined };
  }
  const file = await readPolicy(config.policy, problems);
  const store = folder === undefined ? undefined : await openStore(folder, world, problems);
  const venue = venueOf(config);
  const other = venue === undefined ? undefined : store?.claim(venue);
  if (other !== undefined) {
    problems.push(
      `--state: expected the trading record of ${venue}: the one in ${folder} is of ${other}: use another folder`,
    );
  }
  const policies = new CurrentPolicies(config.trading, file, { confirmBy: config.confirmBy });
  const kinds = kindsOf(config.exchange, policies);
  const entering = { isServer, kinds, world };
  const instance = store === undefined || problems.length > 0 ? undefined : enter(store, entering, problems);
  if (folder === undefined || store === undefined || instance === undefined) {
    store?.close();
    return { ok: false, problems };
  }
  if (isServer) archiveOld(store, { days: config.recordRetention, now: world.now() });
  return {
    ok: true,
    record: {
      folder,
      store,
      policies,
      instance: { id: instance.id, takeOver: () => isServer ? instance.takeOver(kinds) : 0 },
      async reload() {
        const problems: string[] = [];
        const file = await readPolicy(config.policy, problems);
        if (file !== undefined && problems.length === 0) policies.replace(file);
        return problems;
      },
      close() {
        instance.end();
        store.close();
      },
    },
  };
}

/** Files of 5,000 rows that a start writes at most, so that nobody waits for it; `audit archive` does all. */
const ARCHIVE_FILES_AT_START = 20;

/** Moves what is old out of the record; that it cannot be done keeps nobody from trading. */
function archiveOld({ archive }: TradingStore, { days, now }: { days: number | undefined; now: number }): void {
  if (days === undefined) return;
  try {
    const { rows, placements } = archive.run({ days, now, maxFiles: ARCHIVE_FILES_AT_START });
    if (rows > 0) log.info("what is old was archived", { rows, placements });
  } catch (error) {
    if (!(error instanceof ArchiveError || error instanceof StoreError)) throw error;
    log.error("what is old cannot be archived: {reason}", { reason: error.message });
  }
}

/** Orders of which kinds this process can look up and cancel. */
function kindsOf(exchange: LoadedConfig["config"]["exchange"], policies: CurrentPolicies): OrderKind[] {
  if (exchange === "paper") return ["paper"];
  return policies.hasPaper ? ["real", "paper"] : ["real"];
}

function enter(
  { instances }: TradingStore,
  { isServer, kinds, world }: { isServer: boolean; kinds: readonly OrderKind[]; world: World },
  problems: string[],
): Instance | undefined {
  try {
    const command = isServer ? "serve" : "call";
    return instances.enter({ pid: Deno.pid, command, startedAt: world.now(), cancels: isServer ? kinds : [] });
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    problems.push(`--state: ${error.message}`);
    return undefined;
  }
}

/** Joins the broker; recovery of what an earlier run left begins at once. */
export function openTrading(
  record: TradingRecord,
  { world, exchange, markets, name, paper, announce }: {
    world: World;
    exchange: Exchange;
    markets: Markets;
    name: ExchangeName;
    paper: OpenPaper | undefined;
    announce: (announcement: Announcement) => void;
  },
): OpenTrading {
  const { store, policies } = record;
  const { now, monotonic } = world;
  const desks = new Desks({ ...record, exchange, name, paper, world });
  const halts = new HaltWatch({
    killSwitch: store.killSwitch,
    kinds: [...(paper?.isForAll ? [] : ["real" as const]), ...(paper === undefined ? [] : ["paper" as const])],
    cancelOpen: (kinds) => desks.cancelAll(kinds),
  });
  const broker = new Broker({
    policies,
    store,
    markets,
    isPaperOnly: paper?.isForAll ?? false,
    venueOf: (trader) => desks.venueOf(trader),
    confirmation: { approvals: store.approvals, audit: store.audit, announce, now, monotonic, sleep },
    halted: () => halts.look(),
    now,
    monotonic,
  });
  world.onUserSignal(() => {
    log.warning("trading is halted by SIGUSR1: luno-mcp-server kill --lift lifts it");
    broker.halt({ by: "SIGUSR1", reason: "SIGUSR1" }).catch((error) => log.error("the halt failed", { error }));
  });
  halts.start();
  return {
    broker,
    async close() {
      halts.stop();
      await desks.stop();
      record.close();
    },
  };
}

/** How often it is looked whether other processes have ended and left orders. */
const TAKE_OVER_EVERY_MS = 15_000;

/** What {@linkcode Desks} stand on. */
interface DesksParts extends Pick<TradingRecord, "store" | "instance"> {
  readonly exchange: Exchange;
  readonly name: ExchangeName;
  readonly paper: OpenPaper | undefined;
  readonly world: World;
}

/** The desks of everybody: one for the real exchange, one for each identity on paper. */
class Desks {
  readonly #parts: DesksParts;
  readonly #real: Desk | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #paper = new Map<string, { readonly desk: Desk; readonly venue: Promise<Venue> }>();

  constructor(parts: DesksParts) {
    this.#parts = parts;
    const { exchange, paper } = parts;
    this.#timer = setInterval(() => this.#takeOver(), TAKE_OVER_EVERY_MS);
    if (paper?.isForAll) return;
    this.#real = this.#open({ exchange, journal: parts.store.journal, isPaper: false });
    this.#real.recover().catch((error) => log.error("orders of an earlier run could not be looked up", { error }));
  }

  async venueOf({ identity, paper: isPaper }: Trader): Promise<Venue> {
    const { exchange, name, paper, store } = this.#parts;
    if (!isPaper && this.#real !== undefined) return { exchange, desk: this.#real, name };
    if (paper === undefined) {
      const message = "Cannot trade on paper as the policy had no paper mode when the server started: restart it";
      throw new TradingError(message, { code: "ERR_PAPER_NOT_STARTED" });
    }
    const known = this.#paper.get(identity);
    if (known !== undefined) return await known.venue;
    const view = paper.viewOf(identity);
    const desk = this.#open({ exchange: view, journal: journalOf(store.journal, identity), isPaper: true });
    // Calls that come meanwhile wait for the recovery too.
    const venue = desk.recover().then(() => ({ exchange: view, desk, name: { ...name, kind: "paper" as const } }));
    this.#paper.set(identity, { desk, venue });
    venue.catch(() => this.#paper.delete(identity));
    return await venue;
  }

  /** Cancels everything that is open, real orders or paper ones or both. */
  async cancelAll(kinds: readonly OrderKind[]): Promise<void> {
    const desks = [
      ...(kinds.includes("real") && this.#real !== undefined ? [this.#real] : []),
      ...(kinds.includes("paper") ? await this.#paperDesks() : []),
    ];
    const results = await Promise.allSettled(desks.map((desk) => desk.cancelAll({}, "kill switch")));
    for (const result of results) {
      if (result.status === "rejected") log.error("open orders could not be cancelled", { error: result.reason });
      else {
        const { cancelled, remaining, is_complete } = result.value;
        log.warning("open orders were cancelled by the kill switch", {
          cancelled: cancelled.length,
          remaining: remaining.map(({ order_id, client_order_id }) => order_id ?? client_order_id),
          isComplete: is_complete,
        });
      }
    }
  }

  /** Also those of identities that have not traded in this run but have open orders. */
  async #paperDesks(): Promise<Desk[]> {
    const open = this.#parts.store.journal.open(undefined, true).map(({ identity }) => identity);
    const identities = new Set([...this.#paper.keys(), ...open]);
    const venues = await Promise.all([...identities].map((identity) => this.venueOf({ identity, paper: true })));
    return venues.map(({ desk }) => desk);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#all.map((desk) => desk.stop()));
  }

  get #all(): Desk[] {
    const paper = [...this.#paper.values()].map(({ desk }) => desk);
    return this.#real === undefined ? paper : [this.#real, ...paper];
  }

  #takeOver(): void {
    try {
      if (this.#parts.instance.takeOver() > 0) { for (const desk of this.#all) desk.watch(); }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.warning("orders of ended servers cannot be taken over", { error });
    }
  }

  #open({ exchange, journal, isPaper }: { exchange: Exchange; journal: DeskJournal; isPaper: boolean }): Desk {
    const { store: { audit }, instance, world: { now, monotonic } } = this.#parts;
    return new Desk({ exchange, journal, audit, instance, paper: isPaper, now, monotonic, sleep });
  }
}

/** The journal as one identity's desk sees it, which cannot look up other identities' orders. */
function journalOf(journal: Journal, identity: string): DeskJournal {
  return {
    begin: (entry, policy, now) => journal.begin(entry, policy, now),
    repeat: (entry, now) => journal.repeat(entry, now),
    withdraw: (clientOrderId, reason, now) => journal.withdraw(clientOrderId, reason, now),
    forgetIntent: (clientOrderId, now) => journal.forgetIntent(clientOrderId, now),
    settle: (clientOrderId, outcome, now) => journal.settle(clientOrderId, outcome, now),
    close: (clientOrderId, facts, now) => journal.close(clientOrderId, facts, now),
    wouldRefuse: (entry, refusing) => journal.wouldRefuse(entry, refusing),
    claimReplacement: (claim) => journal.claimReplacement(claim),
    releaseReplacement: (claim) => journal.releaseReplacement(claim),
    find: (clientOrderId) => journal.find(clientOrderId),
    findByOrderId: (orderId) => journal.findByOrderId(orderId),
    findByKey: (who, key) => journal.findByKey(who, key),
    unsettled: () => journal.unsettled().filter((placement) => placement.identity === identity),
    open: (_identity, isPaper) => journal.open(identity, isPaper),
  };
}

/** Whose orders the record is to hold; paper orders are kept apart in any record. */
function venueOf({ exchange, apiUrl }: LoadedConfig["config"]): string | undefined {
  if (exchange === "paper") return undefined;
  return exchange === "simulated" ? "the simulated exchange" : apiUrl.host;
}

async function openStore(folder: string, world: World, problems: string[]): Promise<TradingStore | undefined> {
  try {
    const store = TradingStore.open(folder, { now: world.now });
    const network = await networkFileSystem(folder);
    if (network !== undefined) {
      log.warning(
        "the state folder lies on {network}: locks and power cuts may break the record there: use a local disk",
        { network, folder },
      );
    }
    return store;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    problems.push(`--state: ${error.message}`);
    return undefined;
  }
}
