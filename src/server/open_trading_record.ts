/**
 * Opens what orders are recorded in: the database, the policy, and this process's registration. Everything that is
 * written is opened here, so that the permission to write can be dropped afterwards.
 */

import { getLogger } from "../logging/logger.ts";
import { secretTexts } from "../config/load.ts";
import { createRedactor } from "../secrets/redaction.ts";
import { missingFolder, stateFolder } from "../state/folder.ts";
import type { ExecutorInstance } from "../trading/execution/executor_parts.ts";
import { KillSwitch } from "../trading/execution/kill_switch.ts";
import { MAIN_ACCOUNT, PAPER_ACCOUNT } from "../trading/orders/trading_account.ts";
import type { TradingAccount } from "../trading/orders/trading_account.ts";
import { CurrentPolicies } from "../trading/policy/policies.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import type { World } from "../world.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Presence } from "./instances/presence.ts";
import { RecordEntry } from "./record_entry.ts";
import type { FollowedFile } from "./followed_file.ts";
import { followPolicy } from "./published_policy.ts";
import { RecordChanges } from "./record_changes.ts";
import { readPolicy, unlimitedTrading } from "./read_policy.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** The trading record and the policy, checked before anything is served. */
export interface OpenRecord {
  readonly folder: string;
  readonly record: TradingRecord;
  readonly killSwitch: KillSwitch;
  /** This process's registration in the record. */
  readonly instance: ExecutorInstance;
  readonly presence: Presence;
  /** Whether this process serves, and so logs the record's events. */
  readonly isServer: boolean;
  /** Ids of the accounts whose orders this process can look up and cancel. */
  readonly accounts: () => readonly string[];
  readonly policies: CurrentPolicies;
  /** The policy that was published to the record. */
  readonly publishedPolicy: FollowedFile;
  /** Changes by other processes. */
  readonly changes: RecordChanges;
  /** Reloads the policy file; returns its problems, which change nothing. */
  reload(): Promise<string[]>;
  /**
   * While the record is still being opened: settles when that has ended, with the problem, if there is one. Never
   * rejects.
   */
  readonly opening: Promise<readonly string[]> | undefined;
  /** Stops waiting. */
  stopWaiting(): void;
  /** Closes the record after the operations requested before. */
  close(): Promise<void>;
}

/**
 * Opens the record and reads the policy; `undefined` while trading is off, and for a paper account that is only read.
 */
export async function openTradingRecord(
  loaded: LoadedConfig,
  world: World,
  { isServer }: { isServer: boolean },
): Promise<{ ok: true; record: OpenRecord | undefined } | { ok: false; problems: string[] }> {
  const { config } = loaded;
  const folder = config.state ?? stateFolder(world.env);
  const problems = folder === undefined ? [missingFolder()] : [];
  // Paper accounts need the folder too.
  if (config.trading === "off") {
    return problems.length > 0 ? { ok: false, problems } : { ok: true, record: undefined };
  }
  const policies = await readPolicies(config, problems, { isServer });
  if (folder === undefined) return { ok: false, problems };
  const accounts = () => accountsOf(config.exchange, policies).map(({ id }) => id);
  const publishedPolicy = followPolicy(policies, { hasOwn: config.policy !== undefined, isServer });
  const prepare = ({ published }: TradingRecord) => publishedPolicy.open(published);
  const entry = new RecordEntry(folder, { loaded, world, isServer, accounts, prepare });
  const entered = await enter(entry, problems, { isServer });
  if (problems.length > 0) {
    await entry.leave();
    return { ok: false, problems };
  }
  const record = entered ?? entry.late();
  const opening = entered === undefined ? entry.entered.then((late) => late.ok ? [] : late.problems) : undefined;
  const changes = await RecordChanges.open(config, { isServer });
  changes.listen(["policy"], () => void publishedPolicy.look());
  if (isServer) publishedPolicy.follow(() => showPolicy(entry.presence, publishedPolicy));
  if (isServer && config.stateUrl !== undefined) tellOthers(entry, record);
  const policy = { policies, publishedPolicy };
  return {
    ok: true,
    record: openRecordOf({ loaded, folder, isServer, entry, record, opening, changes, accounts, policy }),
  };
}

/** Reads the policy file, if there is one, and adds what is wrong with it to `problems`. */
async function readPolicies(
  { policy, trading, confirmBy }: LoadedConfig["config"],
  problems: string[],
  { isServer }: { readonly isServer: boolean },
): Promise<CurrentPolicies> {
  const file = await readPolicy(policy, problems);
  const unlimited = policy && file && unlimitedTrading(file, trading);
  if (unlimited !== undefined && isServer) log.warning(unlimited);
  return new CurrentPolicies(trading, file, { confirmBy });
}

/** Opens the record, and adds what prevents it to `problems`; `undefined` while another process keeps it locked. */
async function enter(
  entry: RecordEntry,
  problems: string[],
  { isServer }: { readonly isServer: boolean },
): Promise<TradingRecord | undefined> {
  // A command has nothing else to do meanwhile, and a refused start should report every problem.
  const mayGoOn = isServer && problems.length === 0;
  const entered = mayGoOn ? await Promise.race([entry.entered, entry.waits]) : await entry.entered;
  if (entered === undefined) problems.push(...entry.lockProblems());
  else if (!entered.ok) problems.push(...entered.problems);
  return entered?.ok ? entered.record : undefined;
}

/** The parts of an open record, joined. */
function openRecordOf(
  { loaded: { config, credentials }, entry, policy: { policies, publishedPolicy }, ...parts }:
    & Pick<OpenRecord, "folder" | "record" | "isServer" | "accounts" | "changes" | "opening">
    & {
      readonly loaded: LoadedConfig;
      readonly entry: RecordEntry;
      readonly policy: Pick<OpenRecord, "policies" | "publishedPolicy">;
    },
): OpenRecord {
  const { record: { halts }, changes } = parts;
  return {
    ...parts,
    killSwitch: new KillSwitch({ halts, redact: createRedactor(secretTexts(credentials)) }),
    policies,
    publishedPolicy,
    presence: entry.presence,
    instance: entry,
    reload: () =>
      config.policy === undefined ? reloadPublished(publishedPolicy) : reloadPolicy(config.policy, policies),
    stopWaiting: () => entry.stopWaiting(),
    async close() {
      await Promise.all([changes.close(), publishedPolicy.close()]);
      await entry.leave();
    },
  };
}

/** Publishes this process's report to other machines. A report that fails is replaced by the next one. */
function tellOthers({ id, presence }: RecordEntry, { instances }: TradingRecord): void {
  presence.listener = (report) => void instances.tell(id, JSON.stringify(report)).catch(() => {});
}

function showPolicy(presence: Presence, { inForce }: FollowedFile): void {
  presence.update({ trading: { ...presence.report.trading, published: inForce } });
}

/** Published files are followed anyway; a request to reload checks them at once. */
async function reloadPublished(policy: FollowedFile): Promise<string[]> {
  await policy.look();
  return [];
}

async function reloadPolicy(path: string, policies: CurrentPolicies): Promise<string[]> {
  const problems: string[] = [];
  const file = await readPolicy(path, problems);
  if (file !== undefined && problems.length === 0) policies.replace(file);
  return problems;
}

/** The accounts whose orders this process can look up and cancel. */
function accountsOf(exchange: LoadedConfig["config"]["exchange"], policies: CurrentPolicies): TradingAccount[] {
  if (exchange === "paper") return [PAPER_ACCOUNT];
  return policies.hasPaper ? [MAIN_ACCOUNT, PAPER_ACCOUNT] : [MAIN_ACCOUNT];
}
