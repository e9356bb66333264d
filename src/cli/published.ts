/**
 * `policy publish` and `access publish`, and the actions that show, list and restore versions: files that all servers
 * on one record share.
 */

import { parseAccess } from "../access/access_file.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { readOwn, readPrivate } from "../config/files.ts";
import { parseSettings } from "../config/parse.ts";
import { isAction, misplacedFlags } from "../config/rules/command_rules.ts";
import { quoteTyped } from "../config/typed_text.ts";
import { parsePolicyFile } from "../trading/policy/policy_file.ts";
import type { FileKind, FileVersion, PublishedFiles } from "../trading/record/published_files.ts";
import { didYouMean } from "../text/nearest_word.ts";
import type { CommandCall } from "./command_call.ts";
import { findRecord, placeOf } from "./find_record.ts";
import type { RecordPlace } from "./find_record.ts";
import { withRecord } from "./open_record.ts";
import { fail, refuse, say } from "./report.ts";
import { screenOf } from "./terminal/screen.ts";
import { formatTable } from "./terminal/table.ts";
import { relativeTime } from "./terminal/times.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** An action on published files. */
type Verb = "publish" | "rollback" | "show" | "versions";

/** The operand of each action. */
const OPERANDS: Readonly<Record<Verb, { readonly name: string; readonly isNeeded: boolean } | undefined>> = {
  publish: { name: "PATH", isNeeded: true },
  rollback: { name: "VERSION", isNeeded: true },
  show: { name: "VERSION", isNeeded: false },
  versions: undefined,
};

/** Tells whether a word is one of these actions. */
export function isPublishedVerb(word: string | undefined): word is Verb {
  return word !== undefined && Object.hasOwn(OPERANDS, word);
}

/** How each kind of file is read and validated: as by a server whose flag names it. */
const FILES = {
  policy: { read: readOwn, problemsOf: (text: string) => problemsIn(parsePolicyFile(text)) },
  access: { read: readPrivate, problemsOf: (text: string) => problemsIn(parseAccess(text)) },
} as const;

/** Longest text, in characters. */
const MAX_LENGTH = 1_048_576;

/** The person who publishes, in the audit log. */
const BY = "terminal";

/** One run of the command. */
interface Job {
  readonly kind: FileKind;
  readonly folder: RecordPlace;
  readonly world: World;
  readonly json: boolean;
}

/** Returns the command for one kind of file: its operands are an action, and a path or version. */
export function publishedCommand(
  kind: FileKind,
): (flags: Readonly<Record<string, string>>, call: CommandCall) => Promise<ExitCode> {
  return async (flags, { world, problems, operands, json }) => {
    const parsed = parseSettings(COMMAND_SETTINGS[kind], { flags, env: world.env });
    const [verb, operand] = operands;
    const all = [...problems, ...(parsed.ok ? [] : parsed.problems)];
    if (!isPublishedVerb(verb) || !isAction(kind, verb)) {
      const verbs = Object.keys(OPERANDS).map((word) => `${kind} ${word}`).join(", ");
      const hint = didYouMean(verb ?? "", [...Object.keys(OPERANDS), "init"]);
      return await refuse(world, [...all, `${verb ?? kind}: expected ${verbs} or ${kind} init${hint}`]);
    }
    all.push(...misplacedFlags(kind, verb, parsed.origins), ...operandProblems(kind, verb, operands.slice(1)));
    const folder = await findRecord(parsed, world.env);
    if (!folder.ok) all.push(...folder.problems);
    if (folder.ok && folder.database === undefined && kind === "access") {
      all.push(
        "--state-url: expected a database: not set: the servers of a state folder read the file that their --access names: " +
          "change that one, then run luno-mcp-server reload",
      );
    }
    const text = verb === "publish" && operand !== undefined ? await readFile(kind, operand, all) : undefined;
    if (!folder.ok || all.length > 0) return await refuse(world, all);
    const job: Job = { kind, folder, world, json: json ?? false };
    if (verb === "versions") return await list(job);
    if (verb === "show") return await show(job, operand === undefined ? undefined : Number(operand));
    const { expectVersion } = parsed.values;
    return text !== undefined
      ? await publish(job, { text, expectVersion })
      : await rollBack(job, { version: Number(operand), expectVersion });
  };
}

async function publish(
  job: Job,
  { text, expectVersion }: { readonly text: string; readonly expectVersion: number | undefined },
): Promise<ExitCode> {
  return await withRecord({ folder: job.folder, access: "create" }, {
    world: job.world,
    body: ({ published }) => publishText(job, published, { text, expectVersion }),
  });
}

/** Restores an earlier version by publishing it as a new one. */
async function rollBack(
  job: Job,
  { version, expectVersion }: { readonly version: number; readonly expectVersion: number | undefined },
): Promise<ExitCode> {
  const { kind, folder, world } = job;
  return await withRecord({ folder, access: "change" }, {
    world,
    async body({ published }) {
      const before = await published.find(kind, version);
      if (before === undefined) return await fail(world, await missing(job, published, version));
      const problems = FILES[kind].problemsOf(before.text);
      if (problems.length > 0) return await refuse(world, problems.map((problem) => `version ${version}: ${problem}`));
      return await publishText(job, published, { text: before.text, expectVersion });
    },
  });
}

async function publishText(
  { kind, folder, world, json }: Job,
  published: PublishedFiles,
  { text, expectVersion }: { readonly text: string; readonly expectVersion: number | undefined },
): Promise<ExitCode> {
  const made = await published.publish({ kind, text, by: BY, expectVersion, now: world.now() });
  if (made.kind === "conflict") {
    const found = made.version === 0 ? "none was published" : `version ${made.version} counts`;
    return await fail(
      world,
      `Cannot publish as ${found}, and not version ${expectVersion}: look at ${kind} show, then publish again`,
    );
  }
  const { file } = made;
  const isNew = made.kind === "published";
  if (json) {
    await print(world.stdout, JSON.stringify({ ...versionRecord(file), is_new: isNew }));
    return 0;
  }
  const name = `version ${file.version} of the ${NAMES[kind]} (${file.digest.slice(0, 12)})`;
  const sentence = isNew
    ? `Published ${name} in ${placeOf(folder)}: running servers use it within a second`
    : `Nothing to publish: ${name} says the same`;
  await say(world, sentence, world.stdout);
  return 0;
}

const NAMES: Readonly<Record<FileKind, string>> = { policy: "policy", access: "access file" };

async function show(job: Job, version: number | undefined): Promise<ExitCode> {
  const { kind, folder, world, json } = job;
  return await withRecord({ folder, access: "read" }, {
    world,
    async body({ published }) {
      const file = await published.find(kind, version);
      if (file === undefined) return await fail(world, await missing(job, published, version));
      await print(
        world.stdout,
        json ? JSON.stringify({ ...versionRecord(file), text: file.text }) : file.text.trimEnd(),
      );
      return 0;
    },
  });
}

async function list({ kind, folder, world, json }: Job): Promise<ExitCode> {
  return await withRecord({ folder, access: "read" }, {
    world,
    async body({ published }) {
      const versions = await published.versions(kind);
      if (json || !world.stdout.isTerminal()) {
        await print(world.stdout, JSON.stringify({ versions: versions.map(versionRecord) }));
      } else if (versions.length === 0) await print(world.stdout, `No version of the ${NAMES[kind]} was published`);
      else {
        const rows = versions.map(({ version, digest, by, at }) => ({
          ...{ version, published: relativeTime(at, world.now()), by },
          digest: digest.slice(0, 12),
        }));
        await print(world.stdout, formatTable(rows, screenOf(world, { wide: false })));
      }
      return 0;
    },
  });
}

async function missing(
  { kind, folder }: Job,
  published: PublishedFiles,
  version: number | undefined,
): Promise<string> {
  const kept = (await published.versions(kind)).map(({ version }) => version);
  const [newest, oldest] = [kept[0], kept.at(-1)];
  if (newest === undefined) return `Cannot show the ${NAMES[kind]} as none was published in ${placeOf(folder)}`;
  return `Cannot find version ${version} of the ${NAMES[kind]} as versions ${oldest} to ${newest} are kept`;
}

function versionRecord({ version, digest, by, at }: FileVersion) {
  return { version, digest, by, published_at: new Date(at).toISOString() };
}

async function readFile(kind: FileKind, path: string, problems: string[]): Promise<string | undefined> {
  const name = `${kind} publish`;
  const text = await FILES[kind].read(name, path, problems);
  if (text === undefined) return undefined;
  const found = text.length > MAX_LENGTH
    ? [`the file: expected at most ${MAX_LENGTH} characters: current value is ${text.length}`]
    : FILES[kind].problemsOf(text);
  problems.push(...found.map((problem) => `${name}: ${problem}`));
  return text;
}

function problemsIn(parsed: { readonly ok: true } | { readonly ok: false; readonly problems: string[] }): string[] {
  return parsed.ok ? [] : parsed.problems;
}

function operandProblems(kind: FileKind, verb: Verb, [operand, ...more]: readonly string[]): string[] {
  const wanted = OPERANDS[verb];
  const unexpected = (wanted === undefined && operand !== undefined ? [operand, ...more] : more)
    .map((extra) => `${quoteTyped(extra)}: unexpected argument`);
  if (wanted === undefined) return unexpected;
  if (operand === undefined) return wanted.isNeeded ? [`${kind} ${verb}: expected ${wanted.name}`] : [];
  if (wanted.name !== "VERSION" || /^[1-9]\d{0,9}$/.test(operand)) return unexpected;
  return [
    `${kind} ${verb}: expected the number of a version, as ${kind} versions lists them: current value is ${
      quoteTyped(operand)
    }`,
    ...unexpected,
  ];
}
