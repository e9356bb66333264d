/**
 * Opens what orders are recorded in: the database, the policy, and this process among those that use them. What is written
 * is opened here, so that the permission to write can be given back after it.
 */

import { getLogger } from "../logging/logger.ts";
import { secretTexts } from "../config/load.ts";
import { createRedactor } from "../secrets/redaction.ts";
import { missingFolder, stateFolder } from "../state/folder.ts";
import { networkFileSystem } from "../state/network_file_system.ts";
import { StateError } from "../state/state_error.ts";
import type { ExecutorInstance } from "../trading/execution/executor_parts.ts";
import { CurrentPolicies } from "../trading/policy/policies.ts";
import { ArchiveError } from "../trading/record/archive_files.ts";
import type { OrderKind } from "../trading/record/cancel_requests.ts";
import { StoreError } from "../trading/record/store_error.ts";
import { TradingStore } from "../trading/record/store.ts";
import type { World } from "../world.ts";
import type { LoadedConfig } from "../config/load.ts";
import { enterFolder } from "./instances/presence.ts";
import type { Presence } from "./instances/presence.ts";
import { readPolicy, unlimitedTrading } from "./read_policy.ts";

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

/** Opens the record and reads the policy; `undefined` while trading is off, as on paper that is only looked at. */
export async function openTradingRecord(
  loaded: LoadedConfig,
  world: World,
  { isServer }: { isServer: boolean },
): Promise<{ ok: true; record: TradingRecord | undefined } | { ok: false; problems: string[] }> {
  const { config } = loaded;
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
  const store = folder === undefined ? undefined : await openStore(folder, { loaded, world, problems });
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
      reload: () => reloadPolicy(config.policy, policies),
      close() {
        instance.end();
        void presence.end();
        store.close();
      },
    },
  };
}

async function reloadPolicy(path: string | undefined, policies: CurrentPolicies): Promise<string[]> {
  const problems: string[] = [];
  const file = await readPolicy(path, problems);
  if (file !== undefined && problems.length === 0) policies.replace(file);
  return problems;
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

/** Whose orders the record is to hold; paper orders are kept apart in any record. */
export function venueOf({ exchange, apiUrl }: LoadedConfig["config"]): string | undefined {
  if (exchange === "paper") return undefined;
  return exchange === "simulated" ? "the simulated exchange" : apiUrl.host;
}

async function openStore(
  folder: string,
  { loaded: { config, credentials }, world, problems }: { loaded: LoadedConfig; world: World; problems: string[] },
): Promise<TradingStore | undefined> {
  let store: TradingStore;
  try {
    store = TradingStore.open(folder, { now: world.now, redact: createRedactor(secretTexts(credentials)) });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    problems.push(`--state: ${error.message}`);
    return undefined;
  }
  const network = await networkFileSystem(folder);
  if (network !== undefined) {
    log.warning(
      "state folder is on a network file system, where locks and power cuts can damage it; use a local disk",
      { folder, file_system: network },
    );
  }
  const venue = venueOf(config);
  const other = venue === undefined ? undefined : store.claim(venue);
  if (other !== undefined) {
    problems.push(
      `--state: expected the trading database of ${venue}: the one in ${folder} is of ${other}: use another folder`,
    );
  }
  return store;
}
