/** `status`: the servers of a state folder and the state of trading. Creates and changes nothing. */

import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { StateError } from "../state/state_error.ts";
import type { SeenInstance } from "../server/instances/instance_report.ts";
import { haltFileState } from "../trading/record/halts.ts";
import { MAIN_ACCOUNT } from "../trading/orders/trading_account.ts";
import type { LimitsUsed } from "../trading/record/limit_use.ts";
import type { Policy } from "../trading/policy/policy.ts";
import { CurrentPolicies } from "../trading/policy/policies.ts";
import { parsePolicyFile } from "../trading/policy/policy_file.ts";
import type { PolicyFile } from "../trading/policy/policy_file.ts";
import type { PublishedFile } from "../trading/record/published_files.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import type { CommandCall } from "./command_call.ts";
import { describeRequest } from "./cancel_open_orders.ts";
import { instanceRecord, lookAtFolder, STALE_MS } from "../server/instances/folder_use.ts";
import type { FolderUse } from "../server/instances/folder_use.ts";
import { listedElsewhere, listedRecord } from "../server/instances/listed_instances.ts";
import type { ListedServer } from "../server/instances/listed_instances.ts";
import type { ListedInstance } from "../trading/record/instances.ts";
import { describeInstance } from "./folder_words.ts";
import { haltLine, sentBefore } from "./halt_words.ts";
import { formatAge } from "./terminal/times.ts";
import { printable } from "./terminal/live_text.ts";
import { readPolicy } from "../server/read_policy.ts";
import { formatRows, serverRows } from "./server_rows.ts";
import type { Row } from "./server_rows.ts";
import { readTradingFacts, tradingRecord } from "../server/trading_facts.ts";
import type { PolicyOf, TradingFacts } from "../server/trading_facts.ts";
import { findRecord, placeOf } from "./find_record.ts";
import type { RecordPlace } from "./find_record.ts";
import { hasNoRecord, openCommandRecord } from "./open_record.ts";
import { refuse, say } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** Everything that is shown. */
interface Overview {
  readonly use: FolderUse;
  /** The database that has the record, if it is not in the folder. */
  readonly database: string | undefined;
  /** Servers on other machines. */
  readonly elsewhere: readonly ListedServer[];
  /** Absent until a server with `--trading` has created the record. */
  readonly trading: TradingFacts | undefined;
  readonly policyOf: PolicyOf;
  readonly problems: readonly string[];
}

/** Prints it; exit code 1 when a part cannot be read, and with `--running` when no server answers. */
export async function status(
  flags: Readonly<Record<string, string>>,
  { world, problems, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.status, { flags, env: world.env });
  const folder = await findRecord(parsed, world.env);
  const all = [
    ...problems,
    ...(parsed.ok ? [] : parsed.problems),
    ...(folder.ok ? [] : folder.problems),
  ];
  if (!folder.ok || all.length > 0) return await refuse(world, all);
  const use = lookAtFolder(folder.path);
  if (use.problem !== undefined) return await refuse(world, [`${folder.name}: ${use.problem}`]);
  if (!use.isThere && parsed.values.state !== undefined) {
    return await refuse(world, [`${folder.name}: expected a folder that exists: there is no ${folder.path}`]);
  }
  const overview = await lookAtAll(use, { folder, world });
  if (json || !world.stdout.isTerminal()) await print(world.stdout, inJson(overview, world.now()));
  else await say(world, inWords(overview, world.now()), world.stdout);
  const isUp = parsed.ok && parsed.values.running ? use.instances.some((seen) => answers(seen, world.now())) : true;
  return isUp && overview.problems.length === 0 ? 0 : 1;
}

/** Whether it is a live server that has reported recently. */
function answers({ isAlive, report }: SeenInstance, now: number): boolean {
  return isAlive && report?.command === "serve" && now - report.updated_at <= STALE_MS;
}

async function lookAtAll(
  use: FolderUse,
  { folder, world }: { folder: RecordPlace; world: World },
): Promise<Overview> {
  const problems: string[] = [];
  const { trading, policy, instances = [] } = await readRecord(folder, { world, problems });
  const elsewhere = folder.database === undefined ? [] : listedElsewhere(instances, use.instances);
  const database = folder.database === undefined ? undefined : placeOf(folder);
  return { use, database, elsewhere, trading, policyOf: await policyOfServers(use, { policy, problems }), problems };
}

/** The content of the record; absent when there is none, or it cannot be read. */
interface ReadRecord {
  readonly trading?: TradingFacts | undefined;
  readonly policy?: PublishedFile | undefined;
  readonly instances?: readonly ListedInstance[];
}

async function readRecord(
  folder: RecordPlace,
  { world, problems }: { world: World; problems: string[] },
): Promise<ReadRecord> {
  let record: TradingRecord | undefined;
  try {
    if (await hasNoRecord(folder)) {
      const halt = haltFileState(folder.path);
      return halt.halted ? { trading: { halt, onTheirWay: [], requests: [], waiting: 0, limits: [] } } : {};
    }
    record = await openCommandRecord(folder, { world, mode: "read" });
    return {
      trading: await readTradingFacts(record, world.now()),
      policy: await record.published.find("policy"),
      instances: await record.instances.listed(),
    };
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    problems.push(error.message);
    return {};
  } finally {
    await record?.close();
  }
}

/** By the policy of the oldest server that trades: the published one, or the present content of its file. */
async function policyOfServers(
  { senders }: FolderUse,
  { policy, problems }: { readonly policy: PublishedFile | undefined; readonly problems: string[] },
): Promise<PolicyOf> {
  const report = senders.find(({ report }) => report?.command === "serve")?.report;
  if (report === undefined) return () => undefined;
  const found: string[] = [];
  const { published, policy: path } = report.trading;
  const file = published && policy ? parsePublished(policy, found) : await readPolicy(path ?? undefined, found);
  problems.push(...found);
  if (file === undefined) return () => undefined;
  const policies = new CurrentPolicies(report.trading.mode, file);
  return (identity) => policies.of(identity);
}

function parsePublished({ text, version }: PublishedFile, problems: string[]): PolicyFile | undefined {
  const parsed = parsePolicyFile(text, { version });
  if (parsed.ok) return parsed.file;
  problems.push(...parsed.problems.map((problem) => `version ${version} of the published policy: ${problem}`));
  return undefined;
}

function inJson({ use, database, elsewhere, trading, policyOf, problems }: Overview, now: number): string {
  return JSON.stringify({
    state: use.folder,
    ...(database === undefined ? {} : { database }),
    servers: use.instances.map((seen) => instanceRecord(seen, now)),
    ...(database === undefined ? {} : { servers_elsewhere: elsewhere.map((each) => listedRecord(each, now)) }),
    trading: trading === undefined ? null : tradingRecord(trading, policyOf),
    problems,
  });
}

function inWords({ use, database, elsewhere, trading, policyOf, problems }: Overview, now: number): string {
  const servers = use.instances.flatMap((seen) => serverLines(seen, now));
  const lines = [
    `State folder ${use.folder}${use.isThere ? "" : " (it does not exist yet)"}`,
    ...(servers.length === 0 ? ["No running server uses it"] : servers),
    ...(database === undefined ? [] : [`Database ${database}`, ...elsewhereLines(elsewhere, now)]),
    ...(trading === undefined ? [] : ["Trading", ...tradingLines(trading, policyOf)]),
    ...problems.map((problem) => `Problem: ${problem}`),
  ];
  return printable(lines.join("\n"));
}

function serverLines(seen: SeenInstance, now: number): string[] {
  const { report, isAlive } = seen;
  if (report === undefined || !isAlive) return [describeInstance(seen, now)];
  const { pid, command, version, started_at } = report;
  const title = `Process ${pid} (${command}), version ${version}, started ${formatAge(now - started_at)} ago`;
  const silent = now - report.updated_at;
  const warning: Row[] = silent > STALE_MS ? [["WARNING", `does not answer, last seen ${formatAge(silent)} ago`]] : [];
  return [title, ...formatRows([...warning, ...serverRows(report, now)], "  ")];
}

/** Servers on other machines, each with its lease. */
function elsewhereLines(elsewhere: readonly ListedServer[], now: number): string[] {
  if (elsewhere.length === 0) return ["No server of another machine uses it"];
  return elsewhere.flatMap(({ seen, listed: { isAlive, address, renewedAt } }) => {
    const age = renewedAt === null ? "" : `, lease renewed ${formatAge(now - renewedAt)} ago`;
    return [
      `Connected from ${address ?? "this machine"}${age}${isAlive ? "" : " AND ENDED SINCE"}:`,
      ...serverLines(seen, now),
    ];
  });
}

function tradingLines({ halt, onTheirWay, requests, waiting, limits }: TradingFacts, policyOf: PolicyOf): string[] {
  const orders = `${waiting} ${waiting === 1 ? "order" : "orders"}: luno-mcp-server approve shows them`;
  const rows: Row[] = [
    ["halt", haltLine({ halt, requests })],
    ["awaiting approval", waiting === 0 ? "none" : orders],
    ["limits used", limits.length === 0 ? "none" : ""],
  ];
  return [
    ...formatRows(rows, "  ").map((line) => line.trimEnd()),
    ...limits.map((used) => `    ${limitLine(used, policyOf(used.identity))}`),
    ...(halt.halted ? [...sentBefore(onTheirWay), ...requests.flatMap(describeRequest)] : []),
  ];
}

/** One line: the limits that an identity has used, and their values where known. */
function limitLine(
  { identity, account, today, openOrders, ordersLastMinute }: LimitsUsed,
  policy?: Policy,
): string {
  const { maxPerDay, maxOpenOrders, maxOrdersPerMinute } = policy ?? {};
  const sums = today.map(({ currency, amount }) =>
    `${amount}${maxPerDay?.currency === currency ? ` of ${maxPerDay.amount}` : ""} ${currency}`
  );
  const facts = [
    `today ${sums.length === 0 ? "nothing" : sums.join(" + ")}`,
    `${openOrders}${maxOpenOrders === undefined ? "" : ` of ${maxOpenOrders}`} open`,
    `${ordersLastMinute}${maxOrdersPerMinute === undefined ? "" : ` of ${maxOrdersPerMinute}`} in the last minute`,
  ];
  return `${identity}${account === MAIN_ACCOUNT.id ? "" : ` (${account})`}: ${facts.join(", ")}`;
}
