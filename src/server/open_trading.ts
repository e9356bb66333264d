/**
 * Opens what orders need: the trading record, the policy, an executor for each exchange that somebody trades on, and the
 * paper exchange. Everything that is written is opened here, so that the permission to write can be given back after it.
 */

import { getLogger } from "@logtape/logtape";
import { secretTexts } from "../config/load.ts";
import { sleep } from "../timing/sleep.ts";
import type { Markets } from "../market/pairs.ts";
import type { Exchange } from "../market/exchange_port.ts";
import { createRedactor } from "../secrets/redaction.ts";
import { missingFolder, stateFolder } from "../state/folder.ts";
import { networkFileSystem } from "../state/network_file_system.ts";
import { StateError } from "../state/state_error.ts";
import { ArchiveError } from "../trading/record/archive_files.ts";
import type { Announcement } from "../trading/confirmation/confirmer.ts";
import { Broker } from "../trading/broker.ts";
import type { OrderKind } from "../trading/record/cancel_requests.ts";
import type { ExecutorInstance } from "../trading/execution/executor_parts.ts";
import type { TradingFigures } from "../trading/audit_log.ts";
import { AuditLog } from "../trading/audit_log.ts";
import { HaltWatch, warnOfSent } from "../trading/execution/halt_watch.ts";
import { OpenOrderCancellation } from "../trading/execution/open_order_cancellation.ts";
import { CurrentPolicies } from "../trading/policy/policies.ts";
import type { ExchangeName } from "../trading/orders/order_summary.ts";
import { StoreError } from "../trading/record/store_error.ts";
import { TradingStore } from "../trading/record/store.ts";
import { OrderExecutors } from "./executors.ts";
import type { ExchangeVenue } from "./open_exchange.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { OpenPaper } from "./open_paper.ts";
import { enterFolder } from "./presence.ts";
import type { Presence } from "./presence.ts";
import { readPolicy, unlimitedTrading } from "./read_policy.ts";
import type { World } from "../world.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** The trading record and the policy, checked before anything is served. */
export interface TradingRecord {
  readonly folder: string;
  readonly store: TradingStore;
  /** This process among those that use the record. */
  readonly instance: ExecutorInstance;
  readonly presence: Presence;
  /** Whether this process serves, and so logs what happens in the record. */
  readonly isServer: boolean;
  /** Orders of which kinds this process can look up and cancel. */
  readonly kinds: readonly OrderKind[];
  readonly policies: CurrentPolicies;
  /** Reads the policy file again; what is wrong with it is answered and changes nothing. */
  reload(): Promise<string[]>;
  /** Leaves the record. */
  close(): void;
}

/** Trading that is switched on. */
export interface OpenTrading {
  readonly broker: Broker;
  /**
   * What a monitor shows of it.
   *
   * @throws {StoreError} the record cannot be read
   */
  figures(): TradingFigures;
  close(): Promise<void>;
}

/** Opens the record and reads the policy; `undefined` while trading is off, as on paper that is only looked at. */
export async function openTradingRecord(
  loaded: LoadedConfig,
  world: World,
  { isServer }: { isServer: boolean },
): Promise<{ ok: true; record: TradingRecord | undefined } | { ok: false; problems: string[] }> {
  const { config, credentials } = loaded;
  const problems: string[] = [];
  const folder = config.state ?? stateFolder(world.env);
  if (folder === undefined) problems.push(missingFolder());
  // Paper accounts need the folder too.
  if (config.trading === "off") {
    return problems.length > 0 ? { ok: false, problems } : { ok: true, record: undefined };
  }
  const file = await readPolicy(config.policy, problems);
  const unlimited = config.policy && file && unlimitedTrading(file, config.trading);
  if (unlimited !== undefined && isServer) log.warning(unlimited);
  const store = folder === undefined
    ? undefined
    : await openStore(folder, { secrets: secretTexts(credentials), world, problems });
  const venue = venueOf(config);
  const other = venue === undefined ? undefined : store?.claim(venue);
  if (other !== undefined) {
    problems.push(
      `--state: expected the trading database of ${venue}: the one in ${folder} is of ${other}: use another folder`,
    );
  }
  const policies = new CurrentPolicies(config.trading, file, { confirmBy: config.confirmBy });
  const kinds = kindsOf(config.exchange, policies);
  const entered = store === undefined || problems.length > 0
    ? undefined
    : enter(store, { loaded, isServer, kinds, world }, problems);
  if (folder === undefined || store === undefined || entered === undefined) {
    store?.close();
    return { ok: false, problems };
  }
  const { instance, presence } = entered;
  if (isServer) tidy(store, { days: config.recordRetention, now: world.now() });
  return {
    ok: true,
    record: {
      folder,
      store,
      isServer,
      policies,
      kinds,
      presence,
      instance: { id: instance.id, takeOver: () => isServer ? instance.takeOver(kinds) : 0 },
      async reload() {
        const problems: string[] = [];
        const file = await readPolicy(config.policy, problems);
        if (file !== undefined && problems.length === 0) policies.replace(file);
        return problems;
      },
      close() {
        instance.end();
        void presence.end();
        store.close();
      },
    },
  };
}

/** Files of 5,000 rows that a start writes at most, so that nobody waits for it; `audit archive` does all. */
const ARCHIVE_FILES_AT_START = 20;

/** Forgets what ended processes held, and archives what is old; that it cannot be done keeps nobody from trading. */
function tidy({ archive, calls }: TradingStore, { days, now }: { days: number | undefined; now: number }): void {
  try {
    calls.clear();
    if (days === undefined) return;
    const { rows, placements } = archive.run({ days, now, maxFiles: ARCHIVE_FILES_AT_START });
    if (rows > 0) log.info("old records archived", { rows, orders: placements });
  } catch (error) {
    if (!(error instanceof ArchiveError || error instanceof StoreError)) throw error;
    log.error("cannot tidy up the trading database", { error });
  }
}

/** Orders of which kinds this process can look up and cancel. */
function kindsOf(exchange: LoadedConfig["config"]["exchange"], policies: CurrentPolicies): OrderKind[] {
  if (exchange === "paper") return ["paper"];
  return policies.hasPaper ? ["real", "paper"] : ["real"];
}

function enter(
  { instances }: TradingStore,
  { loaded, isServer, kinds, world }: {
    loaded: LoadedConfig;
    isServer: boolean;
    kinds: readonly OrderKind[];
    world: World;
  },
  problems: string[],
) {
  let presence: Presence | undefined;
  try {
    const command = isServer ? "serve" : "call";
    const facts = { pid: Deno.pid, command, startedAt: world.now(), cancels: isServer ? kinds : [] };
    presence = enterFolder(loaded, world, { isServer, isNeeded: true });
    return { presence, instance: instances.enter(facts, presence.lock) };
  } catch (error) {
    void presence?.end();
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    problems.push(`--state: ${error.message}`);
    return undefined;
  }
}

/** Joins the broker; recovery of what an earlier run left begins at once. */
export function openTrading(
  record: TradingRecord,
  { world, exchange, markets, name, venue, paper, announce }: {
    world: World;
    exchange: Exchange;
    markets: Markets;
    name: ExchangeName;
    venue: ExchangeVenue;
    paper: OpenPaper | undefined;
    announce: (announcement: Announcement) => void;
  },
): OpenTrading {
  const { store, policies } = record;
  const { now, monotonic } = world;
  const { audit, journal } = store;
  // A command prints what became of its order itself.
  const auditLog = record.isServer ? new AuditLog({ audit, find: (id) => journal.find(id) }) : undefined;
  const executors = new OrderExecutors({ ...record, exchange, name, venue, paper, world });
  const cancellation = new OpenOrderCancellation({
    requests: store.cancelRequests,
    instance: record.instance.id,
    isAlive: (id) => store.instances.isAlive(id),
    kinds: record.kinds,
    cancelAll: (kind) => executors.cancelAll(kind),
    now,
    monotonic,
  });
  const onTheirWay = () => store.journal.onTheirWay();
  const halts = new HaltWatch({ killSwitch: store.killSwitch, cancellation, onTheirWay, now });
  const broker = new Broker({
    policies,
    store,
    instance: record.instance,
    markets,
    isPaperOnly: paper?.isForAll ?? false,
    venueOf: (trader) => executors.venueOf(trader),
    confirmation: { approvals: store.approvals, audit: store.audit, announce, now, monotonic, sleep },
    cancels: record.kinds,
    halted: () => halts.look(),
    now,
    monotonic,
  });
  world.onUserSignal(() => {
    log.warning("SIGUSR1 received; halting trading");
    broker.halt({ by: "SIGUSR1", reason: "SIGUSR1", cancelOpen: false }).then(
      ({ onTheirWay }) => warnOfSent(onTheirWay),
      (error) => log.error("SIGUSR1 halt could not be recorded; trading is halted in this process only", { error }),
    );
  });
  halts.start();
  auditLog?.start();
  return {
    broker,
    figures: () => ({
      isHalted: store.killSwitch.state().halted,
      approvalsWaiting: store.approvals.pending(now()).length,
      orders: auditLog?.counts ?? [],
    }),
    async close() {
      halts.stop();
      await executors.stop();
      auditLog?.stop();
      record.close();
    },
  };
}

/** Whose orders the record is to hold; paper orders are kept apart in any record. */
export function venueOf({ exchange, apiUrl }: LoadedConfig["config"]): string | undefined {
  if (exchange === "paper") return undefined;
  return exchange === "simulated" ? "the simulated exchange" : apiUrl.host;
}

async function openStore(
  folder: string,
  { secrets, world, problems }: { secrets: readonly string[]; world: World; problems: string[] },
): Promise<TradingStore | undefined> {
  try {
    const store = TradingStore.open(folder, { now: world.now, redact: createRedactor(secrets) });
    const network = await networkFileSystem(folder);
    if (network !== undefined) {
      log.warning(
        "state folder is on a network file system, where locks and power cuts can damage it; use a local disk",
        { folder, file_system: network },
      );
    }
    return store;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    problems.push(`--state: ${error.message}`);
    return undefined;
  }
}
