/** `keys`: creates, lists, revokes and rotates the API keys of a server. */

import { readApiKey } from "../access/api_key.ts";
import { createKey, revokeKeys, rotateKey } from "../access/key_changes.ts";
import { isKeyName, keyState } from "../access/keys.ts";
import type { StoredKey } from "../access/keys.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { isAction, misplacedFlags } from "../config/rules/command_rules.ts";
import type { Action } from "../config/rules/command_rules.ts";
import type { ValuesOf } from "../config/setting.ts";
import { quoteTyped } from "../config/typed_text.ts";
import { didYouMean } from "../text/nearest_word.ts";
import type { PrivateFileOptions } from "../state/private_file.ts";
import { withLogging } from "../logging/output/start_logging.ts";
import { screenOf } from "./terminal/screen.ts";
import { lookAtFolder } from "../server/instances/folder_use.ts";
import { describeInstance } from "./folder_words.ts";
import { formatTable } from "./terminal/table.ts";
import { relativeTime } from "./terminal/times.ts";
import { findKeys, NO_KEYS } from "./key_stores.ts";
import type { KeysPlace, OpenedKeys } from "./key_stores.ts";
import { fail, refuse, say } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** The command line apart from flags. */
export interface KeysInvocation extends PrivateFileOptions {
  readonly world: World;
  /** Problems of the command line itself. */
  readonly problems: readonly string[];
  /** `create NAME`, `list`, `revoke NAME_OR_ID` or `rotate NAME`. */
  readonly operands: readonly string[];
  /**
   * Print JSON: lists on a terminal too, other output always.
   *
   * @default false
   */
  readonly json?: boolean;
  /** Print whole tables, wider than the terminal. @default false */
  readonly wide?: boolean;
}

/** The operand of each action. */
const OPERANDS = {
  create: "NAME",
  list: undefined,
  revoke: "NAME_OR_ID",
  rotate: "NAME",
} as const satisfies Record<Action<"keys">, string | undefined>;

type Config = ValuesOf<typeof COMMAND_SETTINGS.keys>;

/** One run of the command, with the open keys. */
interface Job extends OpenedKeys {
  /** The name or id; empty for `list`. */
  readonly word: string;
  readonly config: Config;
  readonly world: World;
  readonly json: boolean;
  readonly wide: boolean;
}

/** Runs the action. Only a new key goes to stdout, everything else to stderr; with `json` all goes to stdout. */
export async function keys(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json = false, wide = false, uid }: KeysInvocation,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.keys, { flags, env: world.env });
  const action = isAction("keys", operands[0]) ? operands[0] : undefined;
  const all = [...problems, ...checkOperands(operands), ...(parsed.ok ? [] : parsed.problems)];
  if (action !== undefined) all.push(...misplacedFlags("keys", action, parsed.origins));
  const found = await findKeys(parsed, { action, world, json, uid });
  if (!found.ok) all.push(...found.problems);
  if (!parsed.ok || action === undefined || !found.ok || all.length > 0) return await refuse(world, all);
  return await found.use(async (opened) => {
    const job = { ...opened, word: operands[1] ?? "", config: parsed.values, world, json, wide };
    // Changes of keys belong in the operator's log of access.
    const options = { level: "info", format: job.config.logFormat, secrets: [], output: world.stderr } as const;
    return await withLogging(options, () => JOBS[action](job));
  });
}

const JOBS: Readonly<Record<Action<"keys">, (job: Job) => Promise<ExitCode>>> = { create, list, revoke, rotate };

async function create({ keys, whileBusy, place, word: name, config, world, json }: Job): Promise<ExitCode> {
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
    const lines = [describe(created.key), ...(others === 0 ? firstKeyLines(place, now) : [])];
    await say(world, lines.join("\n"), world.stderr);
  }
  return 0;
}

/** The first key ends anonymous access, also in running servers. */
function firstKeyLines(place: KeysPlace, now: number): string[] {
  const { what, lines } = "folder" in place
    ? { what: "folder", lines: [`  folder   ${place.folder}`, ...serversOn(place.folder, now)] }
    : { what: "database", lines: [`  database ${place.database}`] };
  return [
    `  note     the first key: from now on every client of a server on this ${what} must`,
    "           authenticate; running servers need no restart",
    ...lines,
  ];
}

function serversOn(folder: string, now: number): string[] {
  return lookAtFolder(folder).instances.filter(({ isAlive, report }) => isAlive && report?.authentication)
    .map((seen) => `  server   ${describeInstance(seen, now)}`);
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

/** A leaked key may be given completely, as it was found. */
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
    const hint = didYouMean(action ?? "", Object.keys(OPERANDS));
    return [`${action === undefined ? "keys" : quoteTyped(action)}: expected ${usages.join(", ")}${hint}`];
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
