/**
 * Opens what orders are recorded in: the database, the policy, and this process among those that use them. What is written
 * is opened here, so that the permission to write can be given back after it.
 */

import { join } from "node:path";
import { getLogger } from "../logging/logger.ts";
import { secretTexts } from "../config/load.ts";
import { createRedactor } from "../secrets/redaction.ts";
import { openRecord } from "../state/record/sqlite/open_record.ts";
import { TRADING_DATABASE } from "../state/record/sqlite/trading_database.ts";
import { missingFolder, stateFolder } from "../state/folder.ts";
import { networkFileSystem } from "../state/network_file_system.ts";
import { StateError } from "../state/state_error.ts";
import type { ExecutorInstance } from "../trading/execution/executor_parts.ts";
import { KillSwitch } from "../trading/execution/kill_switch.ts";
import { CurrentPolicies } from "../trading/policy/policies.ts";
import { ArchiveError } from "../trading/record/archive.ts";
import type { OrderKind } from "../trading/record/cancel_requests.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import type { World } from "../world.ts";
import type { LoadedConfig } from "../config/load.ts";
import { enterFolder } from "./instances/presence.ts";
import type { Presence } from "./instances/presence.ts";
import { RecordInstance } from "./instances/record_instance.ts";
import { readPolicy, unlimitedTrading } from "./read_policy.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** The trading record and the policy, checked before anything is served. */
export interface OpenRecord {
  readonly folder: string;
  readonly record: TradingRecord;
  readonly killSwitch: KillSwitch;
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
  /** Leaves the record, once what was asked of it is done. */
  close(): Promise<void>;
}

/** Opens the record and reads the policy; `undefined` while trading is off, as on paper that is only looked at. */
export async function openTradingRecord(
  loaded: LoadedConfig,
  world: World,
  { isServer }: { isServer: boolean },
): Promise<{ ok: true; record: OpenRecord | undefined } | { ok: false; problems: string[] }> {
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
  const record = folder === undefined ? undefined : await openChecked(folder, { loaded, world, problems });
  const policies = new CurrentPolicies(config.trading, file, { confirmBy: config.confirmBy });
  const kinds = kindsOf(config.exchange, policies);
  const entered = record === undefined || problems.length > 0
    ? undefined
    : await enter(record, { loaded, isServer, kinds, world }, problems);
  if (folder === undefined || record === undefined || entered === undefined) {
    await record?.close();
    return { ok: false, problems };
  }
  const { instance, presence } = entered;
  if (isServer) await tidy(record, { days: config.recordRetention, now: world.now() });
  const redact = createRedactor(secretTexts(loaded.credentials));
  return {
    ok: true,
    record: {
      folder,
      record,
      killSwitch: new KillSwitch({ halts: record.halts, folder, redact }),
      isServer,
      policies,
      kinds,
      presence,
      instance: { id: instance.id, takeOver: async () => isServer ? await instance.takeOver(kinds) : 0 },
      reload: () => reloadPolicy(config.policy, policies),
      async close() {
        await instance.end();
        await Promise.all([presence.end(), record.close()]);
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
async function tidy(
  { archive, calls }: TradingRecord,
  { days, now }: { days: number | undefined; now: number },
): Promise<void> {
  try {
    await calls.clear();
    if (days === undefined) return;
    const { rows, placements } = await archive.run({ days, now, maxFiles: ARCHIVE_FILES_AT_START });
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

async function enter(
  { instances }: TradingRecord,
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
    const { lock } = presence;
    if (lock === undefined) throw new TypeError("Cannot enter the record without a lock");
    return { presence, instance: await RecordInstance.enter(instances, { ...facts, lock }) };
  } catch (error) {
    await presence?.end();
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

async function openChecked(
  folder: string,
  { loaded: { config, credentials }, world, problems }: { loaded: LoadedConfig; world: World; problems: string[] },
): Promise<TradingRecord | undefined> {
  const { monotonic, shutdown: signal } = world;
  const { stateTimeout } = config;
  const onWait = () =>
    log.warning("waiting for trading.db, which another process keeps locked", {
      path: join(folder, TRADING_DATABASE),
      timeout_s: stateTimeout,
    });
  const waiting = { timeoutMs: stateTimeout * 1_000, monotonic, signal, onWait };
  let record: TradingRecord;
  try {
    record = await openRecord({ folder, mode: "write", secrets: secretTexts(credentials), ...waiting });
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
  const other = venue === undefined ? undefined : await record.journal.claimFor(venue);
  if (other !== undefined) {
    problems.push(
      `--state: expected the trading database of ${venue}: the one in ${folder} is of ${other}: use another folder`,
    );
  }
  return record;
}
