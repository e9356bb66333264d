/** `setup`: adds this program to the configurations of AI clients, and removes it. */

import { join, resolve } from "node:path";
import { CLIENT_NAMES, CLIENTS } from "../client_configs/clients.ts";
import type { Client, ClientName, System } from "../client_configs/clients.ts";
import { entryText } from "../client_configs/entry_text.ts";
import { launchOf } from "../client_configs/launch.ts";
import { planChange } from "../client_configs/plan_change.ts";
import type { Change, Wish } from "../client_configs/plan_change.ts";
import { readClientConfig, readConfigFile } from "../client_configs/read_config.ts";
import type { ClientConfig } from "../client_configs/read_config.ts";
import { replaceFile } from "../client_configs/replace_file.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { setupProblems } from "../config/rules/command_rules.ts";
import { hideSecrets } from "../config/typed_text.ts";
import { SERVER_SETTINGS } from "../config/server_settings.ts";
import { didYouMean } from "../text/nearest_word.ts";
import { aborted } from "../timing/aborted.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";
import type { CommandCall } from "./command_call.ts";
import { fail, refuse, say } from "./report.ts";
import { readServerWords } from "./server_words.ts";
import { isYes, readAnswer } from "./terminal/read_answer.ts";

/** For the client in the operand; without one, for every client found. */
export async function setup(
  flags: Readonly<Record<string, string>>,
  { world, problems, operands, json }: CommandCall,
): Promise<ExitCode> {
  const parsed = parseSettings(COMMAND_SETTINGS.setup, { flags, env: world.env });
  const { name: word, words } = splitOperands(operands);
  const client = CLIENT_NAMES.find((known) => known === word);
  const second = CLIENT_NAMES.find((known) => known === words[0]);
  const server = words.length === 0 || second !== undefined ? undefined : readServerWords(words);
  const secrets = parsed.values.withCredentials ? readSecrets(world.env) : NO_SECRETS;
  const all = [
    ...problems,
    ...(word !== undefined && client === undefined ? [unknownClient(word)] : []),
    ...(second === undefined ? [] : [`${second}: expected one client at a time, or none for all that are found`]),
    ...(parsed.ok ? setupProblems(parsed.values, { client: word, hasWords: words.length > 0 }) : parsed.problems),
    ...(parsed.values.project && client !== undefined ? projectProblems(CLIENTS[client]) : []),
    ...(server?.problems ?? []),
    ...secrets.problems,
  ];
  if (!parsed.ok || all.length > 0) return await refuse(world, all);
  const { name, remove, force, print: isPrint, project, yes } = parsed.values;
  const { os } = Deno.build;
  const launch = launchOf({ os, execPath: Deno.execPath(), isCompiled: Deno.build.standalone });
  const wish: Wish = { name, launch, env: secrets.env, isRemoval: remove, force, ...(server && { args: server.args }) };
  const system = { os, env: world.env };
  if (isPrint && client !== undefined) return await printEntry(client, { wish, system, world, json, project });
  const found = await findConfigs(client, system, { isProject: project });
  if (found.length === 0) return await fail(world, nothingFound(system));
  const rows: Row[] = [];
  for (const one of found) {
    rows.push(await setUp(one, { wish, world, yes, isSilent: json || !world.stdout.isTerminal() }));
  }
  const isAsked = !json && world.stdout.isTerminal() && world.stdin.isTerminal();
  if (json || !world.stdout.isTerminal()) {
    await print(world.stdout, JSON.stringify({ clients: rows }));
    if (!yes && rows.some(isWaiting)) await say(world, NOT_ASKED, world.stderr);
  } else await say(world, conclusion(rows, { isAsked }), world.stdout);
  return rows.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

/** The client, then the server's words, which come after `--` and begin with a flag or a command. */
function splitOperands([first, ...rest]: readonly string[]): { name?: string; words: readonly string[] } {
  if (first === undefined) return { words: [] };
  return first.startsWith("-") ? { words: [first, ...rest] } : { name: first, words: rest };
}

function unknownClient(word: string): string {
  return `${hideSecrets(word)}: unknown client${didYouMean(word, CLIENT_NAMES)}: known are ${CLIENT_NAMES.join(", ")}`;
}

function projectProblems({ title, project }: Client): string[] {
  return project === undefined ? [`--project: ${title} has no configuration of projects`] : [];
}

/** The exchange's API key, as variables of the server. */
interface Secrets {
  readonly env: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

const NO_SECRETS: Secrets = { env: {}, problems: [] };

function readSecrets(env: World["env"]): Secrets {
  const { apiKeyId, apiSecret } = SERVER_SETTINGS;
  const parsed = parseSettings({ apiKeyId, apiSecret }, { flags: {}, env });
  const { apiKeyId: id, apiSecret: secret } = parsed.values;
  if (!parsed.ok) return { env: {}, problems: parsed.problems };
  if (id === undefined || secret === undefined) {
    return { env: {}, problems: ["--with-credentials: expected LUNO_API_KEY and LUNO_API_SECRET in the environment"] };
  }
  return { env: { LUNO_API_KEY: id.reveal(), LUNO_API_SECRET: secret.reveal() }, problems: [] };
}

/** The present or future place of a client's configuration. */
interface Found {
  readonly name: ClientName;
  readonly client: Client;
  readonly file: string;
  readonly config: ClientConfig;
}

/** A named client is set up even if it has no configuration yet. */
async function findConfigs(
  name: ClientName | undefined,
  system: System,
  { isProject }: { readonly isProject: boolean },
): Promise<Found[]> {
  const names = name === undefined ? CLIENT_NAMES : [name];
  const found = await Promise.all(names.map(async (each) => {
    const client: Client = CLIENTS[each];
    const config = isProject ? await readConfigFile(client, projectFile(client)) : await readClientConfig(each, system);
    const { file } = config;
    const isWanted = file !== undefined && (name !== undefined || config.state !== "not installed");
    return isWanted ? [{ name: each, client, file, config }] : [];
  }));
  return found.flat();
}

/** The file in the working folder. */
function projectFile({ project = "" }: Client): string {
  return resolve(join(Deno.cwd(), project));
}

function nothingFound({ os }: System): string {
  const titles = CLIENT_NAMES.map((name) => CLIENTS[name].title).join(", ");
  const home = os === "windows" ? "USERPROFILE" : "HOME";
  return `Cannot find the configuration of a client (${titles}) below ${home}: name the client, as in setup claude-code`;
}

/** The result for one client, as `--json` prints it. */
interface Row {
  readonly client: ClientName;
  readonly file: string;
  readonly change?: Change["kind"] | "none";
  readonly written: boolean;
  readonly backup?: string;
  readonly problem?: string;
}

/** How the changes are shown and confirmed. */
interface Circumstances {
  readonly wish: Wish;
  readonly world: World;
  readonly yes: boolean;
  /** Whether only the result is printed. */
  readonly isSilent: boolean;
}

async function setUp(
  { name, client, file, config }: Found,
  { wish, world, yes, isSilent }: Circumstances,
): Promise<Row> {
  const tell = (text: string) => isSilent ? Promise.resolve() : print(world.stdout, text);
  const plan = await planChange(client, { config, file, wish });
  if (plan.kind === "problem") {
    await say(world, `${client.title}: ${plan.problem}`, world.stderr);
    return { client: name, file, written: false, problem: plan.problem };
  }
  if (plan.kind === "none") {
    await tell(
      `${client.title}: ${file}\n  ${wish.isRemoval ? `has no ${wish.name}` : `starts ${wish.name} already`}\n`,
    );
    return { client: name, file, change: "none", written: false };
  }
  await tell(`${client.title}: ${file}\n${describe(client, plan, wish.name)}`);
  if (!yes && (isSilent || !await isAllowed(world))) return { client: name, file, change: plan.kind, written: false };
  const replaced = await replaceFile(file, { before: plan.before, text: plan.text, now: world.now() });
  if (!replaced.ok) {
    await say(world, `${client.title}: ${replaced.problem}`, world.stderr);
    return { client: name, file, change: plan.kind, written: false, problem: replaced.problem };
  }
  const { backup } = replaced;
  await tell(backup === undefined ? "Written\n" : `Written; as it was: ${backup}\n`);
  return { client: name, file, change: plan.kind, written: true, ...(backup === undefined ? {} : { backup }) };
}

/** Without a terminal nobody is asked. */
async function isAllowed(world: World): Promise<boolean> {
  if (!world.stdin.isTerminal() || world.shutdown.aborted) return false;
  await print(world.stdout, "Write this? [y/N]");
  const answer = await Promise.race([readAnswer(world), aborted(world.shutdown)]);
  return typeof answer === "string" && isYes(answer);
}

/** The removed and the added lines. */
function describe(client: Client, { earlier, entry }: Change, name: string): string {
  const lines = (sign: string, shown: typeof entry) =>
    shown === undefined ? [] : entryText(client, name, shown).trimEnd().split("\n").map((line) => `${sign} ${line}`);
  return [...lines("-", earlier), ...lines("+", entry)].join("\n");
}

const NOT_ASKED = "Nothing was written; --yes writes without asking";

function conclusion(rows: readonly Row[], { isAsked }: { readonly isAsked: boolean }): string {
  if (rows.some(({ written }) => written)) return "Restart the clients, which read their configuration at their start";
  return !isAsked && rows.some(isWaiting) ? NOT_ASKED : "Nothing was written";
}

/** Whether a change could be written that was not. */
function isWaiting({ change, written, problem }: Row): boolean {
  return !written && problem === undefined && change !== "none";
}

async function printEntry(
  client: ClientName,
  { wish, system, world, json, project }: {
    wish: Wish;
    system: System;
    world: World;
    json: boolean;
    project: boolean;
  },
): Promise<ExitCode> {
  const args = [...wish.launch.args, ...wish.args ?? []];
  const text = entryText(CLIENTS[client], wish.name, { command: wish.launch.command, args, env: {} });
  const file = project ? projectFile(CLIENTS[client]) : (await readClientConfig(client, system)).file;
  if (json) await print(world.stdout, JSON.stringify({ client, file, text }));
  else {
    await print(world.stdout, text.trimEnd());
    if (file !== undefined) await say(world, `For ${file}`, world.stderr);
  }
  return 0;
}
