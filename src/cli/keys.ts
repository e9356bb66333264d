/** `keys`: makes, lists, revokes and rotates the API keys of a server. */

import { join } from "node:path";
import { readApiKey } from "../access/api_key.ts";
import { checkKeys, readExpectedKeys, writeExpectedKeys } from "../access/expected_keys.ts";
import { createKey, revokeKeys, rotateKey } from "../access/key_changes.ts";
import { isKeyName, keyState } from "../access/keys.ts";
import type { Keys, StoredKey } from "../access/keys.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { isAction, misplacedFlags } from "../config/rules/command_rules.ts";
import type { Action } from "../config/rules/command_rules.ts";
import type { ValuesOf } from "../config/setting.ts";
import { quoteTyped } from "../config/typed_text.ts";
import { checkPrivateFile } from "../state/private_file.ts";
import type { PrivateFileOptions } from "../state/private_file.ts";
import { KEYS_FILE, openKeys } from "../state/record/sqlite/open_keys.ts";
import { StateError } from "../state/state_error.ts";
import { withLogging } from "../logging/output/start_logging.ts";
import { waitWhileBusy } from "../state/wait_while_busy.ts";
import type { BusyOptions } from "../state/wait_while_busy.ts";
import { screenOf } from "./terminal/screen.ts";
import { lookAtFolder } from "../server/instances/folder_use.ts";
import { describeInstance } from "./folder_words.ts";
import { formatTable } from "./terminal/table.ts";
import { relativeTime } from "./terminal/times.ts";
import { findFolder, isMissing } from "./find_folder.ts";
import { fail, refuse, say } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** What the command line gives beside the flags. */
export interface KeysInvocation extends PrivateFileOptions {
  readonly world: World;
  /** Those of the command line itself. */
  readonly problems: readonly string[];
  /** `create NAME`, `list`, `revoke NAME_OR_ID` or `rotate NAME`. */
  readonly operands: readonly string[];
  /** Print JSON: lists also on a terminal, other words at all. @default false */
  readonly json?: boolean;
  /** Print whole tables, wider than the terminal. @default false */
  readonly wide?: boolean;
}

/** What each action is done to. */
const OPERANDS = {
  create: "NAME",
  list: undefined,
  revoke: "NAME_OR_ID",
  rotate: "NAME",
} as const satisfies Record<Action<"keys">, string | undefined>;

type Config = ValuesOf<typeof COMMAND_SETTINGS.keys>;

/** One run of the command with the keys open. */
interface Job {
  readonly keys: Keys;
  /** Does what another process may keep from being done for a while. */
  readonly whileBusy: <Value>(attempt: () => Promise<Value>) => Promise<Value>;
  readonly folder: string;
  /** The name or id; empty for `list`. */
  readonly word: string;
  readonly config: Config;
  readonly world: World;
  readonly json: boolean;
  readonly wide: boolean;
}

/** Does what the operands say. A new key alone goes to stdout, what is said about it to stderr; with `json` all to stdout. */
export async function keys(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json = false, wide = false, uid }: KeysInvocation,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.keys, { flags, env: world.env });
  const action = isAction("keys", operands[0]) ? operands[0] : undefined;
  const all = [...problems, ...checkOperands(operands), ...(parsed.ok ? [] : parsed.problems)];
  if (action !== undefined) all.push(...misplacedFlags("keys", action, parsed.origins));
  const found = findFolder(parsed, world.env);
  if (!found.ok) all.push(found.problem);
  else if (action !== undefined) {
    all.push(...await checkStore(found.name, { path: join(found.path, KEYS_FILE), action, uid }));
  }
  if (!parsed.ok || action === undefined || !found.ok || all.length > 0) return await refuse(world, all);
  const waiting = waitFor(join(found.path, KEYS_FILE), { world, config: parsed.values });
  return await withKeys(found, { action, world, json, waiting }, async (opened) => {
    const job = { ...opened, folder: found.path, word: operands[1] ?? "", config: parsed.values, world, json, wide };
    // Changes of keys belong into the record of access, wherever the operator keeps it.
    const options = { level: "info", format: job.config.logFormat, secrets: [], output: world.stderr } as const;
    return await withLogging(options, () => JOBS[action](job));
  });
}

/** How the keys are opened, and for what. */
interface Opening {
  readonly action: Action<"keys">;
  readonly world: World;
  readonly json: boolean;
  readonly waiting: BusyOptions;
}

/** Runs `body` with the keys open, which are held against what is remembered of them, and remembered as they are then. */
async function withKeys(
  { path: folder, name }: { readonly path: string; readonly name: string },
  { action, world, json, waiting }: Opening,
  body: (opened: Pick<Job, "keys" | "whileBusy">) => Promise<ExitCode>,
): Promise<ExitCode> {
  const expected = await readExpectedKeys(folder);
  if (!expected.ok) return await refuse(world, [`${name}: ${expected.problem}`]);
  const isNew = await isMissing(waiting.path);
  if (isNew && action === "list") {
    return await listNone(checkKeys(expected.mark, undefined, folder), { name, world, json });
  }
  const whileBusy: Job["whileBusy"] = (attempt) => waitWhileBusy(attempt, waiting);
  let opened: Keys | undefined;
  try {
    const keys = opened = await openKeys({ ...waiting, mode: action === "list" ? "read" : "write" });
    const mark = () => whileBusy(() => keys.mark());
    const unexpected = isNew || action === "list" ? [] : checkKeys(expected.mark, await mark(), folder);
    if (unexpected.length > 0) return await refuse(world, unexpected.map((problem) => `${name}: ${problem}`));
    const code = await body({ keys, whileBusy });
    if (action !== "list") await writeExpectedKeys(folder, await mark());
    return code;
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    if (opened === undefined) return await refuse(world, [`${name}: ${error.message}`]);
    return await fail(world, error.message, error.code);
  } finally {
    await opened?.close();
  }
}

/** Where another process keeps the keys locked, the operator is told so. */
function waitFor(path: string, { world, config }: { world: World; config: Config }): BusyOptions {
  const { monotonic, shutdown: signal, stderr } = world;
  const timeoutMs = config.stateTimeout * 1_000;
  const notice = `Waiting up to ${config.stateTimeout} s for ${path}, which another process keeps locked`;
  return { path, timeoutMs, monotonic, signal, onWait: () => say(world, notice, stderr) };
}

const NO_KEYS = "No keys; keys create NAME makes one";

const JOBS: Readonly<Record<Action<"keys">, (job: Job) => Promise<ExitCode>>> = { create, list, revoke, rotate };

async function create({ keys, whileBusy, folder, word: name, config, world, json }: Job): Promise<ExitCode> {
  const now = world.now();
  const request = { name, scopes: config.scopes, expiresAt: expiryOf(config, now), now };
  const created = await whileBusy(() => createKey(keys, request));
  if (!created.ok) {
    const problem = created.reason === "taken"
      ? `it has a live key already: keys rotate ${name} replaces it, keys revoke ${name} ends it`
      : "all keys that fit are live: revoke some first";
    return await fail(world, `Cannot create a key of ${name} as ${problem}`);
  }
  if (json) await print(world.stdout, JSON.stringify({ key: created.text, ...describeRow(created.key, now) }));
  else {
    await print(world.stdout, created.text);
    const others = (await keys.list()).length - 1;
    const lines = [describe(created.key), ...(others === 0 ? firstKeyLines(folder, now) : [])];
    await say(world, lines.join("\n"), world.stderr);
  }
  return 0;
}

/** The first key ends anonymous access, also in servers that are running. */
function firstKeyLines(folder: string, now: number): string[] {
  const servers = lookAtFolder(folder).instances.filter(({ isAlive, report }) => isAlive && report?.authentication);
  return [
    "  note     the first key: from now on every client of a server on this folder must",
    "           authenticate; running servers need no restart",
    `  folder   ${folder}`,
    ...servers.map((seen) => `  server   ${describeInstance(seen, now)}`),
  ];
}

/** A folder without keys has an empty list, unless there were some. */
async function listNone(
  lost: readonly string[],
  { name, world, json }: { name: string; world: World; json: boolean },
): Promise<ExitCode> {
  if (lost.length > 0) return await refuse(world, lost.map((problem) => `${name}: ${problem}`));
  await print(world.stdout, json || !world.stdout.isTerminal() ? JSON.stringify({ keys: [] }) : NO_KEYS);
  return 0;
}

async function list({ keys, whileBusy, world, json, wide }: Job): Promise<ExitCode> {
  const now = world.now();
  const all = await whileBusy(() => keys.list());
  if (json || !world.stdout.isTerminal()) {
    await print(world.stdout, JSON.stringify({ keys: all.map((key) => describeRow(key, now)) }));
  } else if (all.length === 0) await print(world.stdout, NO_KEYS);
  else {
    const rows = all.map((key) => ({
      ...describeRow(key, now),
      scopes: key.scopes.join(" "),
      created: relativeTime(key.createdAt, now),
      expires: key.expiresAt === undefined ? "never" : relativeTime(key.expiresAt, now),
    }));
    await print(world.stdout, formatTable(rows, screenOf(world, { wide }), { expendable: ["created"] }));
  }
  return 0;
}

function describeRow(key: StoredKey, now: number) {
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    created: new Date(key.createdAt).toISOString(),
    expires: key.expiresAt === undefined ? null : new Date(key.expiresAt).toISOString(),
    state: keyState(key, now),
  };
}

/** A leaked key may be given whole, as it was found. */
async function revoke({ keys, whileBusy, word, world, json }: Job): Promise<ExitCode> {
  const count = await whileBusy(() => revokeKeys(keys, readApiKey(word)?.id ?? word, world.now()));
  if (count === 0) {
    return await fail(world, `Cannot revoke ${quoteTyped(word)} as no live key has this name or id: see keys list`);
  }
  if (json) await print(world.stdout, JSON.stringify({ revoked: count }));
  else await print(world.stderr, `Revoked ${count === 1 ? "1 key" : `${count} keys`}`);
  return 0;
}

async function rotate({ keys, whileBusy, word: name, config, world, json }: Job): Promise<ExitCode> {
  const now = world.now();
  const request = { name, overlapMs: config.overlap, expiresAt: expiryOf(config, now), now };
  const rotated = await whileBusy(() => rotateKey(keys, request));
  if (!rotated.ok) {
    const problem = rotated.reason === "unknown"
      ? `it has no live key: keys create ${name} makes one`
      : "all keys that fit are live: revoke some first";
    return await fail(world, `Cannot rotate the key of ${name} as ${problem}`);
  }
  if (json) {
    const previous = describeRow(rotated.previous, now);
    await print(world.stdout, JSON.stringify({ key: rotated.text, ...describeRow(rotated.key, now), previous }));
    return 0;
  }
  await print(world.stdout, rotated.text);
  const { id, expiresAt } = rotated.previous;
  await print(world.stderr, `${describe(rotated.key)}\n  before   ${id}, which expires ${formatTime(expiresAt)}`);
  return 0;
}

function describe(key: StoredKey): string {
  return [
    `API key of key:${key.name}, shown once: keep it now`,
    `  id       ${key.id}`,
    `  scopes   ${key.scopes.join(" ")}`,
    `  expires  ${formatTime(key.expiresAt)}`,
    "  send     Authorization: Bearer <key>",
    "           client and bridge read it from LUNO_MCP_TOKEN",
  ].join("\n");
}

function formatTime(ms: number | undefined): string {
  return ms === undefined ? "never" : new Date(ms).toISOString();
}

function expiryOf({ expires }: Config, now: number): number | undefined {
  return expires === "never" ? undefined : now + expires;
}

function checkOperands([action, operand, ...more]: readonly string[]): string[] {
  if (!isAction("keys", action)) {
    const usages = Object.entries(OPERANDS).map(([name, operand]) => ["keys", name, operand ?? []].flat().join(" "));
    return [`${action === undefined ? "keys" : quoteTyped(action)}: expected ${usages.join(", ")}`];
  }
  const wanted = OPERANDS[action];
  const unexpected = (wanted === undefined && operand !== undefined ? [operand, ...more] : more)
    .map((extra) => `${quoteTyped(extra)}: unexpected argument`);
  if (wanted === undefined) return unexpected;
  if (operand === undefined) return [`keys ${action}: expected ${wanted}`];
  if (wanted !== "NAME" || isKeyName(operand)) return unexpected;
  return [
    `keys ${action}: expected a name that starts with a letter or digit, of letters, digits and ._@-, at most 63, ` +
    `which is no key's id: current value is ${quoteTyped(operand)}`,
    ...unexpected,
  ];
}

/** Only `create` makes a store, and without one a list is empty; what is there must be closed to others. */
async function checkStore(
  name: string,
  { path, action, uid }: PrivateFileOptions & { path: string; action: Action<"keys"> },
): Promise<string[]> {
  if (!await isMissing(path)) return await checkPrivateFile(name, path, { uid, as: "record" });
  return action === "create" || action === "list"
    ? []
    : [`${name}: expected a folder with keys: there is no ${path}: keys create makes it`];
}
