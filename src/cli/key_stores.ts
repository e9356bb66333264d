/** The key stores of `keys`: in the state folder, or in the database that several servers share. */

import { join } from "node:path";
import { checkKeys, readExpectedKeys, writeExpectedKeys } from "../access/expected_keys.ts";
import type { Keys } from "../access/keys.ts";
import type { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { readDatabaseAccess } from "../config/database_access.ts";
import type { Parsed } from "../config/parse.ts";
import type { Action } from "../config/rules/command_rules.ts";
import { databaseProblems } from "../config/rules/database_rules.ts";
import { databaseName } from "../state/database_address.ts";
import type { DatabaseAccess } from "../state/database_address.ts";
import { checkPrivateFile } from "../state/private_file.ts";
import type { PrivateFileOptions } from "../state/private_file.ts";
import { KEYS_FILE, openKeys } from "../state/record/sqlite/open_keys.ts";
import { StateError } from "../state/state_error.ts";
import { waitWhileBusy } from "../state/wait_while_busy.ts";
import type { BusyOptions } from "../state/wait_while_busy.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";
import { findFolder, isMissing, missingNamed } from "./find_folder.ts";
import { fail, refuse, say } from "./report.ts";

/** The open keys. */
export interface OpenedKeys {
  readonly keys: Keys;
  /** Runs an action that a lock of another process may delay. */
  readonly whileBusy: <Value>(attempt: () => Promise<Value>) => Promise<Value>;
  readonly place: KeysPlace;
}

/** Their location, as the operator knows it. */
export type KeysPlace = { readonly folder: string } | { readonly database: string };

/** What is to be done with the keys. */
export interface KeysUse extends PrivateFileOptions {
  /** `undefined` when the operands name no action. */
  readonly action: Action<"keys"> | undefined;
  readonly world: World;
  readonly json: boolean;
}

/** The keys, ready to open, or every problem. */
export type FoundKeys =
  | { readonly ok: true; use(body: (opened: OpenedKeys) => Promise<ExitCode>): Promise<ExitCode> }
  | { readonly ok: false; readonly problems: readonly string[] };

type Settings = Parsed<(typeof COMMAND_SETTINGS)["keys"]>;

/** The message about a store without keys. */
export const NO_KEYS = "No keys; keys create NAME makes one";

/** Finds them by the settings, without opening them. */
export async function findKeys(parsed: Settings, use: KeysUse): Promise<FoundKeys> {
  if (parsed.values.stateUrl !== undefined) return await findInDatabase(parsed, use);
  const { action, world, uid } = use;
  const found = findFolder(parsed, world.env);
  if (!found.ok) return { ok: false, problems: [found.problem] };
  const path = join(found.path, KEYS_FILE);
  const problems = [
    ...databaseProblems(parsed.values, parsed.origins),
    ...(action === "list" ? await missingNamed(found, parsed.values) : []),
    ...(action === undefined ? [] : await checkStore(found.name, { path, action, uid })),
  ];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, use: (body) => useFolder(found, { ...use, waiting: waitFor(path, { parsed, world }) }, body) };
}

async function findInDatabase(parsed: Settings, use: KeysUse): Promise<FoundKeys> {
  const problems = databaseProblems(parsed.values, parsed.origins);
  if (parsed.origins.state === "flag") problems.push("--state: not with --state-url, which takes its place");
  const access = await readDatabaseAccess(parsed.values, problems);
  if (access === undefined || problems.length > 0) return { ok: false, problems };
  const waiting = waitFor(databaseName(access.address), { parsed, world: use.world });
  return { ok: true, use: (body) => useDatabase(access, { ...use, waiting }, body) };
}

/** How the keys are opened, and for what. */
interface Opening extends KeysUse {
  readonly waiting: BusyOptions;
}

/** Runs `body` with the open keys, which are compared with the expected store first, and recorded afterwards. */
async function useFolder(
  { path: folder, name }: { readonly path: string; readonly name: string },
  { action, world, json, waiting }: Opening,
  body: (opened: OpenedKeys) => Promise<ExitCode>,
): Promise<ExitCode> {
  const expected = await readExpectedKeys(folder);
  if (!expected.ok) return await refuse(world, [`${name}: ${expected.problem}`]);
  const isNew = await isMissing(waiting.path);
  if (isNew && action === "list") {
    return await listNone(checkKeys(folder, { expected: expected.mark, found: undefined }), { name, world, json });
  }
  const open = () => openKeys({ ...waiting, mode: action === "list" ? "read" : "write" });
  return await withKeys(open, { name, world, waiting }, async ({ keys, whileBusy }) => {
    const mark = () => whileBusy(() => keys.mark());
    const unexpected = isNew || action === "list"
      ? []
      : checkKeys(folder, { expected: expected.mark, found: await mark() });
    if (unexpected.length > 0) return await refuse(world, unexpected.map((problem) => `${name}: ${problem}`));
    const code = await body({ keys, whileBusy, place: { folder } });
    if (action !== "list") await writeExpectedKeys(folder, await mark());
    return code;
  });
}

/** A database without tables gets them, whatever the action; a user without the right to create them gets an error. */
async function useDatabase(
  access: DatabaseAccess,
  { world, waiting }: Opening,
  body: (opened: OpenedKeys) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { openPostgresKeys } = await import("../state/record/postgres/open_keys.ts");
  const open = () => openPostgresKeys(access, { ...waiting, mode: "write", mayOvertake: false });
  const place = { database: waiting.path };
  return await withKeys(open, { name: "--state-url", world, waiting }, (opened) => body({ ...opened, place }));
}

async function withKeys(
  open: () => Promise<Keys>,
  { name, world, waiting }: { readonly name: string; readonly world: World; readonly waiting: BusyOptions },
  body: (opened: Omit<OpenedKeys, "place">) => Promise<ExitCode>,
): Promise<ExitCode> {
  let keys: Keys | undefined;
  try {
    keys = await open();
    return await body({ keys, whileBusy: (attempt) => waitWhileBusy(attempt, waiting) });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    if (keys === undefined) return await refuse(world, [`${name}: ${error.message}`]);
    return await fail(world, error.message, error.code);
  } finally {
    await keys?.close();
  }
}

/** Tells the operator when another process has locked the keys. */
function waitFor(path: string, { parsed, world }: { parsed: Settings; world: World }): BusyOptions {
  const { monotonic, shutdown: signal, stderr } = world;
  const seconds = parsed.values.stateTimeout ?? 0;
  const notice = `Waiting up to ${seconds} s for ${path}, which another process keeps locked`;
  return { path, timeoutMs: seconds * 1_000, monotonic, signal, onWait: () => say(world, notice, stderr) };
}

/** A folder without keys has an empty list, unless there used to be some. */
async function listNone(
  lost: readonly string[],
  { name, world, json }: { name: string; world: World; json: boolean },
): Promise<ExitCode> {
  if (lost.length > 0) return await refuse(world, lost.map((problem) => `${name}: ${problem}`));
  await print(world.stdout, json || !world.stdout.isTerminal() ? JSON.stringify({ keys: [] }) : NO_KEYS);
  return 0;
}

/**
 * Only `create` makes a store, and a missing store has an empty list; an existing one must be inaccessible to others.
 */
async function checkStore(
  name: string,
  { path, action, uid }: PrivateFileOptions & { path: string; action: Action<"keys"> },
): Promise<string[]> {
  if (!await isMissing(path)) return await checkPrivateFile(name, path, { uid, as: "record" });
  return action === "create" || action === "list"
    ? []
    : [`${name}: expected a folder with keys: there is no ${path}: keys create makes it`];
}
