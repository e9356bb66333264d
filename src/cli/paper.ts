/** `paper reset`: removes paper orders and resets the paper accounts to their opening balances. */

import { join } from "node:path";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import type { PaperLedger } from "../simulation/paper/ledger.ts";
import type { DatabaseAccess } from "../state/database_address.ts";
import { openPaperLedger, PAPER_FILE } from "../state/record/sqlite/open_paper_ledger.ts";
import { checkPrivateFile } from "../state/private_file.ts";
import type { PrivateFileOptions } from "../state/private_file.ts";
import { StateError } from "../state/state_error.ts";
import { waitWhileBusy } from "../state/wait_while_busy.ts";
import type { BusyOptions } from "../state/wait_while_busy.ts";
import { fail, refuse, say } from "./report.ts";
import { isMissing } from "./find_folder.ts";
import { findRecord, placeOf } from "./find_record.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** The command line apart from flags. */
export interface PaperInvocation extends PrivateFileOptions {
  readonly world: World;
  /** Problems of the command line itself. */
  readonly problems: readonly string[];
  /** Print JSON. @default false */
  readonly json?: boolean;
}

/** Resets one identity, or all; running servers continue with the new state. */
export async function paper(
  flags: Readonly<Record<string, string>>,
  { world, problems, json = false, uid }: PaperInvocation,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.paper, { flags, env: world.env });
  const all = [...problems, ...(parsed.ok ? [] : parsed.problems)];
  const folder = await findRecord(parsed, world.env);
  if (!folder.ok) all.push(...folder.problems);
  else if (folder.database === undefined && all.length === 0) {
    const path = join(folder.path, PAPER_FILE);
    all.push(
      ...await isMissing(path)
        ? [
          `${folder.name}: expected a folder with paper accounts: there is no ${path}: a server with --exchange paper makes it`,
        ]
        : await checkPrivateFile(folder.name, path, { uid, as: "record" }),
    );
  }
  if (!parsed.ok || !folder.ok || all.length > 0) return await refuse(world, all);
  const { client, stateTimeout } = parsed.values;
  const { database } = folder;
  const path = database === undefined ? join(folder.path, PAPER_FILE) : placeOf(folder);
  let known: boolean;
  try {
    known = await reset(client, { database, waiting: waitFor(path, { world, stateTimeout }) });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return await refuse(world, [`${folder.name}: ${error.message}`]);
  }
  if (!known && client !== undefined) {
    return await fail(world, `Cannot reset ${JSON.stringify(client)} as it has no paper accounts: check the name`);
  }
  if (json) await print(world.stdout, JSON.stringify({ reset: client ?? null }));
  else await print(world.stderr, `Reset the paper accounts of ${client ?? "everybody"}: no orders, opening balances`);
  return 0;
}

/** Returns whether there was anything to reset. */
async function reset(
  identity: string | undefined,
  { database, waiting }: { readonly database: DatabaseAccess | undefined; readonly waiting: Waiting },
): Promise<boolean> {
  const ledger = database === undefined ? await openPaperLedger(waiting) : await openShared(database, waiting);
  try {
    return await waitWhileBusy(() => ledger.reset({ identity, nowMs: waiting.now() }), waiting);
  } finally {
    await ledger.close();
  }
}

async function openShared(database: DatabaseAccess, waiting: Waiting): Promise<PaperLedger> {
  const { openPostgresPaperLedger } = await import("../state/record/postgres/open_paper_ledger.ts");
  return await openPostgresPaperLedger(database, { ...waiting, mayOvertake: false });
}

type Waiting = BusyOptions & Pick<World, "now">;

/** Tells the operator when another process has locked the ledger. */
function waitFor(path: string, { world, stateTimeout }: { world: World; stateTimeout: number }): Waiting {
  const { now, monotonic, shutdown: signal, stderr } = world;
  const notice = `Waiting up to ${stateTimeout} s for ${path}, which another process keeps locked`;
  return { path, timeoutMs: stateTimeout * 1_000, now, monotonic, signal, onWait: () => say(world, notice, stderr) };
}
