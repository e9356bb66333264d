/** `kill` and `resume`: halt trading, resume it, or show the status. */

import { join } from "node:path";
import { HALT_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { killProblems } from "../config/rules/command_rules.ts";
import type { ValuesOf } from "../config/setting.ts";
import { StateError } from "../state/state_error.ts";
import { HALT_FILE, haltFilesIn, haltFileState } from "../trading/record/halts.ts";
import type { HaltState } from "../trading/record/halts.ts";
import { allPlacements } from "../trading/record/placement_pages.ts";
import type { Placement } from "../trading/record/recorded_placement.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import type { CommandCall } from "./command_call.ts";
import type { CancelContext } from "./cancel_open_orders.ts";
import { accountsToCancel, cancelOpenOrders, describeRequest } from "./cancel_open_orders.ts";
import { lookAtFolder, serversRecord, timeOf } from "../server/instances/folder_use.ts";
import type { FolderUse } from "../server/instances/folder_use.ts";
import { haltRecord } from "../server/trading_facts.ts";
import { serverLines, unusedProblem } from "./folder_words.ts";
import { haltedSentences, haltOrigin, sentBefore } from "./halt_words.ts";
import { hasNoRecord, openCommandRecord, withRecord } from "./open_record.ts";
import { findRecord, placeOf } from "./find_record.ts";
import type { RecordPlace } from "./find_record.ts";
import { fail, refuse, say } from "./report.ts";
import { elsewhereLines, elsewhereRecord, readElsewhere } from "./servers_elsewhere.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** The person who halts, in the audit log. */
const BY = "terminal";

type Config = ValuesOf<typeof HALT_SETTINGS>;
type Flags = Readonly<Record<string, string>>;

/** What the functions of this command share. */
interface Job {
  readonly folder: RecordPlace;
  readonly use: FolderUse;
  readonly world: World;
  readonly json: boolean;
}

/** `resume` is `kill --lift`. */
export function resume(flags: Flags, call: CommandCall): Promise<ExitCode> {
  return kill({ ...flags, lift: "true" }, call);
}

/** Halts trading for every server that uses the state folder, unless a flag selects another action. */
export async function kill(
  flags: Flags,
  { world, problems, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(HALT_SETTINGS, { flags, env: world.env });
  const { values, origins } = parsed;
  const folder = await findRecord(parsed, world.env);
  const all = [
    ...problems,
    ...killProblems(values, origins),
    ...(parsed.ok ? [] : parsed.problems),
    ...(folder.ok ? [] : folder.problems),
  ];
  if (!parsed.ok || !folder.ok || all.length > 0) return await refuse(world, all);
  const config = parsed.values;
  const use = lookAtFolder(folder.path);
  const job: Job = { folder, use, world, json: json || config.status && !world.stdout.isTerminal() };
  if (config.status) return await printStatus(job, { isNamed: values.state !== undefined });
  // Halting must not depend on listing who uses the folder; users of a database are on other machines.
  const unused = folder.database !== undefined
    ? undefined
    : unusedProblem(use, { name: folder.name, env: world.env, now: world.now() });
  const isMeant = config.force || config.lift && await isHalted(folder, world);
  if (unused !== undefined && !isMeant) return await refuse(world, [unused]);
  return config.lift ? await liftSwitch(job) : await pull(job, { config, flags });
}

/** Whether a folder is halted; resuming must then be possible while no server runs. */
async function isHalted(folder: RecordPlace, world: World): Promise<boolean> {
  if (await hasNoRecord(folder)) return haltFileState(join(folder.path, HALT_FILE)).halted;
  let record: TradingRecord | undefined;
  try {
    record = await openCommandRecord(folder, { world, mode: "read" });
    return (await record.halts.state()).halted;
  } catch (error) {
    if (error instanceof StateError || error instanceof StoreError) return false;
    throw error;
  } finally {
    await record?.close();
  }
}

async function pull(job: Job, { config, flags }: { config: Config; flags: Flags }): Promise<ExitCode> {
  const { folder, world } = job;
  const { reason = "no reason given", cancelOpen } = config;
  let record: TradingRecord | undefined;
  try {
    // Stopping the trading of earlier versions is what was asked for.
    record = await openCommandRecord(folder, { world, mode: "write", mayOvertake: true });
    const accounts = cancelOpen ? await accountsToCancel(record, { world, flags }) : [];
    const onTheirWay = await record.halts.pull({ by: BY, reason, cancelOpen: accounts, now: world.now() });
    return await finish(record, {
      world,
      flags,
      accounts,
      folder: folder.path,
      database: folder.database,
      cancelOpen,
      job,
      onTheirWay,
    });
  } catch (error) {
    if (!(error instanceof StateError || error instanceof StoreError)) throw error;
    return await pullByFile(job, error);
  } finally {
    await record?.close();
  }
}

/** Reports orders that the halt did not stop, and performs the requested cancellation. */
async function finish(
  record: TradingRecord,
  { cancelOpen, job, onTheirWay, ...context }: CancelContext & {
    readonly cancelOpen: boolean;
    readonly job: Job;
    readonly onTheirWay: readonly Placement[];
  },
): Promise<ExitCode> {
  const { world, use, json } = job;
  const elsewhere = await readElsewhere(record, job);
  if (!json) {
    const now = world.now();
    const others = elsewhereLines(elsewhere, now);
    await say(world, haltedSentences(use, { others, onTheirWay, cancelOpen, now }), world.stdout);
  }
  const outcome = cancelOpen ? await cancelOpenOrders(record, context) : undefined;
  if (json) {
    const remains = haltRecord({ onTheirWay, requests: await record.cancelRequests.all() });
    const now = world.now();
    const servers = { ...serversRecord(use, now), ...elsewhereRecord(elsewhere, now) };
    await print(world.stdout, JSON.stringify({ halted: true, ...servers, ...remains }));
  }
  if (outcome === undefined) return 0;
  await print(outcome.ok && !json ? world.stdout : world.stderr, outcome.sentence);
  return outcome.ok ? 0 : 1;
}

/** A halt must not depend on a writable record: an empty file needs next to nothing. */
async function pullByFile({ folder, use, world }: Job, error: Error): Promise<ExitCode> {
  const path = join(folder.path, HALT_FILE);
  await print(world.stderr, error.message);
  try {
    await Deno.mkdir(folder.path, { recursive: true, mode: 0o700 });
    await createFile(path);
  } catch (failure) {
    if (!(failure instanceof Error && "code" in failure)) throw failure;
    return await fail(world, `Cannot halt trading as ${path} cannot be written either: end the server`);
  }
  const lines = [
    `Trading is halted by the file ${path}, as the database could not be written; open orders stay open`,
    ...(folder.database === undefined ? [] : ["  servers on other machines are not halted by it"]),
    ...serverLines(use, world.now()),
    "  removing the file resumes trading",
  ];
  await say(world, lines.join("\n"), world.stdout);
  return 0;
}

/** Never writes to an existing file: any file of this name halts trading. */
async function createFile(path: string): Promise<void> {
  try {
    (await Deno.open(path, { write: true, createNew: true, mode: 0o600 })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

async function liftSwitch({ folder, use, world, json }: Job): Promise<ExitCode> {
  return await withRecord({ folder, access: "change" }, {
    world,
    body: async ({ halts }) => {
      const before = await halts.state();
      const { state, withdrawn } = await halts.lift({ by: BY, now: world.now() });
      if (withdrawn.length > 0) {
        await print(world.stderr, "Orders that were still to be cancelled stay open: look at what is open");
      }
      if (state.halted) {
        return await fail(world, `Trading is still halted by a file: remove ${haltFilesIn(folder.path).join(" and ")}`);
      }
      const record = { halted: false, was_halted: before.halted, ...serversRecord(use, world.now()) };
      const sentence = `Trading ${before.halted ? "is resumed" : "was not halted"} in ${placeOf(folder)}`;
      if (json) await print(world.stdout, JSON.stringify(record));
      else await say(world, [sentence, ...serverLines(use, world.now())].join("\n"), world.stdout);
      return 0;
    },
  });
}

/** Shows the status, and creates nothing: neither a folder nor a record. */
async function printStatus(job: Job, { isNamed }: { isNamed: boolean }): Promise<ExitCode> {
  const { folder, use } = job;
  if (use.problem !== undefined) return await refuse(job.world, [`${folder.name}: ${use.problem}`]);
  if (isNamed && !use.isThere && folder.database === undefined) {
    return await refuse(job.world, [`${folder.name}: expected a folder that exists: there is no ${folder.path}`]);
  }
  if (!await hasNoRecord(folder)) {
    return await withRecord({ folder, access: "read" }, {
      world: job.world,
      body: async (record) => await showStatus(job, { state: await record.halts.state(), record }),
    });
  }
  return await showStatus(job, { state: haltFileState(folder.path) });
}

async function showStatus(
  job: Job,
  { state, record }: { state: HaltState; record?: TradingRecord },
): Promise<ExitCode> {
  const { folder, use, world, json } = job;
  const now = world.now();
  const elsewhere = await readElsewhere(record, job);
  const onTheirWay = record === undefined ? [] : await allPlacements((after) => record.journal.onTheirWay(after));
  const requests = await record?.cancelRequests.all() ?? [];
  if (json) {
    const halt = state.halted ? { ...state, at: timeOf(state.at) } : state;
    const servers = { ...serversRecord(use, now), ...elsewhereRecord(elsewhere, now) };
    const facts = { ...halt, ...servers, ...haltRecord({ onTheirWay, requests }) };
    await print(world.stdout, JSON.stringify(facts));
    return 0;
  }
  const sentence = state.halted
    ? `Trading is halted in ${placeOf(folder)} ${haltOrigin(state)}`
    : `Trading is not halted in ${placeOf(folder)}`;
  const left = state.halted ? [...sentBefore(onTheirWay), ...requests.flatMap(describeRequest)] : [];
  const servers = [...serverLines(use, now), ...elsewhereLines(elsewhere, now)];
  await say(world, [sentence, ...servers, ...left].join("\n"), world.stdout);
  return 0;
}
