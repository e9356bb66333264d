/**
 * Opens what orders are recorded in: the database, the policy, and this process among those that use them. What is written
 * is opened here, so that the permission to write can be given back after it.
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
  /** This process among those that use the record. */
  readonly instance: ExecutorInstance;
  readonly presence: Presence;
  /** Whether this process serves, and so logs what happens in the record. */
  readonly isServer: boolean;
  /** Ids of the accounts whose orders this process can look up and cancel. */
  readonly accounts: () => readonly string[];
  readonly policies: CurrentPolicies;
  /** The policy that was published to the record. */
  readonly publishedPolicy: FollowedFile;
  /** Hears of what other processes change. */
  readonly changes: RecordChanges;
  /** Reads the policy file again; what is wrong with it is answered and changes nothing. */
  reload(): Promise<string[]>;
  /** Where the record is still waited for: settles when that is over, with what stands in its way. Never rejects. */
  readonly opening: Promise<readonly string[]> | undefined;
  /** Waits no longer. */
  stopWaiting(): void;
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
  const policies = new CurrentPolicies(config.trading, file, { confirmBy: config.confirmBy });
  const accounts = () => accountsOf(config.exchange, policies).map(({ id }) => id);
  if (folder === undefined) return { ok: false, problems };
  const publishedPolicy = followPolicy(policies, { hasOwn: config.policy !== undefined, isServer });
  const prepare = ({ published }: TradingRecord) => publishedPolicy.open(published);
  const entry = new RecordEntry(folder, { loaded, world, isServer, accounts, prepare });
  // A command has nothing else to do meanwhile, and whoever is refused is to know everything at once.
  const mayGoOn = isServer && problems.length === 0;
  const entered = mayGoOn ? await Promise.race([entry.entered, entry.waits]) : await entry.entered;
  if (entered?.ok === false) problems.push(...entered.problems);
  if (entered === undefined) problems.push(...entry.lockProblems());
  if (problems.length > 0) {
    await entry.leave();
    return { ok: false, problems };
  }
  const record = entered?.ok ? entered.record : entry.late();
  const changes = await RecordChanges.open(config, { isServer });
  changes.listen(["policy"], () => void publishedPolicy.look());
  if (isServer) publishedPolicy.follow(() => showPolicy(entry.presence, publishedPolicy));
  if (isServer && config.stateUrl !== undefined) tellOthers(entry, record);
  return {
    ok: true,
    record: {
      folder,
      record,
      killSwitch: new KillSwitch({
        halts: record.halts,
        redact: createRedactor(secretTexts(loaded.credentials)),
      }),
      isServer,
      policies,
      accounts,
      presence: entry.presence,
      instance: entry,
      publishedPolicy,
      changes,
      reload: () =>
        config.policy === undefined ? reloadPublished(publishedPolicy) : reloadPolicy(config.policy, policies),
      opening: entered === undefined ? entry.entered.then((late) => late.ok ? [] : late.problems) : undefined,
      stopWaiting: () => entry.stopWaiting(),
      async close() {
        await Promise.all([changes.close(), publishedPolicy.close()]);
        await entry.leave();
      },
    },
  };
}

/** Other machines see what this process says about itself. What cannot be told now is told with the next report. */
function tellOthers({ id, presence }: RecordEntry, { instances }: TradingRecord): void {
  presence.listener = (report) => void instances.tell(id, JSON.stringify(report)).catch(() => {});
}

function showPolicy(presence: Presence, { inForce }: FollowedFile): void {
  presence.update({ trading: { ...presence.report.trading, published: inForce } });
}

/** What is published is followed by itself; whoever asks for it again has it looked at now. */
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
