/** Checks whether the clients on this computer that start this program can do so. */

import { delimiter, isAbsolute, join } from "node:path";
import { reasonOf } from "../../errors/reason_of.ts";
import { CLIENT_NAMES, CLIENTS } from "../../client_configs/clients.ts";
import type { ClientName } from "../../client_configs/clients.ts";
import { serverArguments } from "../../client_configs/launch.ts";
import { readClientConfig } from "../../client_configs/read_config.ts";
import type { ServerEntry } from "../../client_configs/read_config.ts";
import { loadConfig } from "../../config/load.ts";
import { unknownVariables } from "../../config/variables.ts";
import { checkPrivateFile } from "../../state/private_file.ts";
import type { World } from "../../world.ts";
import { readArguments } from "../arguments.ts";
import { broken, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";
import { commandLine, isStartable, ownLaunch } from "./own_command.ts";
import { mayStart, startCommand } from "./start_command.ts";

const NAME = "client";

/** A client's entry that starts this program. */
interface OwnEntry {
  /** The client, the name of the entry and its file. */
  readonly title: string;
  readonly file: string;
  readonly entry: ServerEntry;
  /** The arguments that this program gets. */
  readonly args: readonly string[];
}

/** Checks the configuration of every client. */
export async function checkClients(context: CheckContext): Promise<readonly CheckResult[]> {
  const found = await Promise.all(CLIENT_NAMES.map((name) => checkClient(name, context)));
  const results = found.flatMap(({ results }) => results);
  if (results.length > 0) return results;
  const installed = found.flatMap(({ isInstalled, title }) => isInstalled ? [title] : []);
  const text = installed.length === 0
    ? "none is known on this computer"
    : `${installed.join(", ")}: none starts this program`;
  return [skipped(NAME, text, "luno-mcp-server setup adds it to a client (docs/clients.md)")];
}

interface FoundClient {
  readonly title: string;
  readonly isInstalled: boolean;
  readonly results: readonly CheckResult[];
}

async function checkClient(name: ClientName, context: CheckContext): Promise<FoundClient> {
  const { title } = CLIENTS[name];
  const config = await readClientConfig(name, { os: Deno.build.os, env: context.world.env });
  const isInstalled = config.state !== "not installed";
  if (config.state === "unreadable") {
    const fix = `correct the file: ${title} cannot read it either`;
    return { title, isInstalled, results: [warning(NAME, `${title}: ${config.problem}`, fix)] };
  }
  if (config.state !== "read") return { title, isInstalled, results: [] };
  const own = ownLaunch();
  const entries = Object.entries(config.servers).flatMap(([server, entry]): OwnEntry[] => {
    const args = serverArguments(entry, own);
    const { file } = config;
    return args === undefined ? [] : [{ title: `${title}, ${server} in ${file}`, file, entry, args }];
  });
  const results = await Promise.all(entries.map((entry) => checkEntry(entry, context)));
  return { title, isInstalled, results: results.flat() };
}

async function checkEntry(own: OwnEntry, context: CheckContext): Promise<CheckResult[]> {
  const { title, entry } = own;
  const again = `correct it, or have it written again: luno-mcp-server setup`;
  const missing = await missingCommand(entry, context.world.env);
  if (missing !== undefined) return [broken(NAME, `${title}: ${missing}`, again)];
  if ([...entry.args, ...Object.values(entry.env)].some((text) => PLACEHOLDER.test(text))) {
    const text = `${title}: not tried, as only the client fills in its placeholders`;
    return [skipped(NAME, text, `look at the client's own list of servers, or try it by hand: ${commandLine(entry)}`)];
  }
  const problems = await settingProblems(own);
  if (problems.length > 0) return problems.map((problem) => broken(NAME, `${title}: ${problem}`, again));
  return [...await secretResults(own), await startResult(own, context)];
}

/** Why there is nothing to start. */
async function missingCommand({ command = "" }: ServerEntry, env: World["env"]): Promise<string | undefined> {
  // Only the client knows the working folder that a relative path refers to.
  if (!isAbsolute(command)) return /[\\/]/.test(command) ? undefined : await missingName(command, env);
  try {
    const { isFile, mode } = await Deno.stat(command);
    if (!isFile) return `${command} is no file`;
    return mode !== null && (mode & 0o111) === 0 ? `${command} is not executable: run chmod +x ${command}` : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `there is no ${command}`;
    return `${command} cannot be looked at: ${reasonOf(error)}`;
  }
}

/** A name is looked up in the folders of `PATH`. */
async function missingName(command: string, env: World["env"]): Promise<string | undefined> {
  const folders = (env("PATH") ?? "").split(delimiter).filter((folder) => folder !== "");
  const names = Deno.build.os === "windows" ? ["", ".exe", ".cmd", ".bat"].map((end) => command + end) : [command];
  const paths = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  const found = await Promise.all(paths.map((path) => Deno.stat(path).then(({ isFile }) => isFile, () => false)));
  return paths.length === 0 || found.includes(true) ? undefined : `${command} is in no folder of PATH`;
}

/** Placeholders that clients replace, such as `${LUNO_API_KEY}`, `${input:secret}` or `$HOME`. */
const PLACEHOLDER = /\$\{[^}]*\}|^\$\w+$/;

/**
 * Problems of the arguments and variables, as this program would report them; many clients pass on no other variables.
 */
async function settingProblems({ entry: { env }, args }: OwnEntry): Promise<string[]> {
  const read = readArguments(args);
  if (read.kind !== "run") return ["its arguments print a text and serve nobody"];
  const { invocation, problems } = read;
  const unknown = unknownVariables(Object.keys(env));
  if (invocation.command !== "serve") return [...problems, ...unknown];
  const loaded = await loadConfig(invocation.flags, (name) => env[name]);
  return [...problems, ...unknown, ...(loaded.ok ? [] : loaded.problems)];
}

/** Warns about secrets in the file itself. */
async function secretResults({ title, file, entry: { env } }: OwnEntry): Promise<CheckResult[]> {
  const secrets = ["LUNO_API_SECRET", "LUNO_MCP_TOKEN"].filter((name) => (env[name] ?? "") !== "");
  if (secrets.length === 0) return [];
  const problems = await checkPrivateFile(`${title}: holds ${secrets.join(" and ")}`, file);
  return problems.map((problem) => warning(NAME, problem, `make ${file} readable by its owner only`));
}

async function startResult({ title, entry }: OwnEntry, { signal }: CheckContext): Promise<CheckResult> {
  const { command = "" } = entry;
  const byHand = `try it by hand: ${commandLine(entry)}`;
  if (!isStartable(entry, ownLaunch()) || !mayStart(command)) {
    return skipped(NAME, `${title}: its settings are valid; not tried, as doctor may not start it`, byHand);
  }
  const started = await startCommand(entry, { signal });
  return started.ok
    ? ok(NAME, `${title}: starts and answers as ${started.server}`)
    : broken(NAME, `${title}: ${started.reason}`, byHand);
}
