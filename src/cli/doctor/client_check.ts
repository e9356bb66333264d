/** Checks whether the clients on this computer that start this program can do so. */

import { CLIENT_NAMES, CLIENTS } from "../../client_configs/clients.ts";
import type { ClientName } from "../../client_configs/clients.ts";
import { serverArguments } from "../../client_configs/launch.ts";
import { readClientConfig } from "../../client_configs/read_config.ts";
import type { ServerEntry } from "../../client_configs/read_config.ts";
import { loadConfig } from "../../config/load.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { unknownVariables } from "../../config/variables.ts";
import { checkPrivateFile } from "../../state/private_file.ts";
import type { World } from "../../world.ts";
import { readArguments } from "../arguments.ts";
import type { Invocation } from "../arguments.ts";
import { broken, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";
import { isOfOthers, isRelative, missingCommand, nearlyOurs } from "./entry_command.ts";
import { checkStateFolder } from "./folder_check.ts";
import { opensRecord, withoutTrading } from "./harmless_start.ts";
import { commandLine, isStartable, ownLaunch } from "./own_command.ts";
import { checkPolicy } from "./policy_check.ts";
import { mayStart, startCommand } from "./start_command.ts";
import type { Started } from "./start_command.ts";

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

/** Starts the command of an entry; identical entries share one start. */
type Start = (entry: ServerEntry) => Promise<Started>;

/** Checks the configuration of every client. */
export async function checkClients(context: CheckContext): Promise<readonly CheckResult[]> {
  const starts = new Map<string, Promise<Started>>();
  const start: Start = (entry) => {
    const key = JSON.stringify([entry.command, entry.args, entry.env]);
    const running = starts.get(key) ?? startCommand(entry, {
      signal: context.signal,
      limitMs: context.limits.startMs,
      ...environment(context.world),
    });
    starts.set(key, running);
    return running;
  };
  const found = await Promise.all(CLIENT_NAMES.map((name) => checkClient(name, { context, start })));
  const results = found.flatMap(({ results }) => results);
  if (results.length > 0) return results;
  const installed = found.flatMap(({ isInstalled, title }) => isInstalled ? [title] : []);
  const text = installed.length === 0
    ? "no client found on this computer"
    : `${installed.join(", ")}: none starts this program`;
  return [skipped(NAME, text, "luno-mcp-server setup adds it to a client (docs/clients.md)")];
}

/** What clients pass on of their environment; on Windows a program does not run without some of the system's variables. */
function environment({ env }: World): { passedOn?: Readonly<Record<string, string>> } {
  if (Deno.build.os === "windows") return {};
  const passed = ["HOME", "PATH", "TERM", "USER"].map((name) => [name, env(name)] as const);
  return {
    passedOn: Object.fromEntries(passed.flatMap(([name, value]) => value === undefined ? [] : [[name, value]])),
  };
}

interface FoundClient {
  readonly title: string;
  readonly isInstalled: boolean;
  readonly results: readonly CheckResult[];
}

/** Shared by the checks of all entries. */
interface Shared {
  readonly context: CheckContext;
  readonly start: Start;
}

async function checkClient(name: ClientName, shared: Shared): Promise<FoundClient> {
  const { title } = CLIENTS[name];
  const config = await readClientConfig(name, { os: Deno.build.os, env: shared.context.world.env });
  const isInstalled = config.state !== "not installed";
  if (config.state === "unreadable") {
    const fix = `correct the file: ${title} cannot read it either`;
    return { title, isInstalled, results: [warning(NAME, `${title}: ${config.problem}`, fix)] };
  }
  if (config.state !== "read") return { title, isInstalled, results: [] };
  const own = ownLaunch();
  const { file } = config;
  const results = await Promise.all(
    Object.entries(config.servers).map(async ([server, entry]): Promise<CheckResult[]> => {
      const heading = `${title}, ${server} in ${file}`;
      const args = serverArguments(entry, own);
      if (args !== undefined) return await checkEntry({ title: heading, file, entry, args }, shared);
      const problem = await nearlyOurs(server, entry);
      return problem === undefined ? [] : [broken(NAME, `${heading}: ${problem}`, AGAIN)];
    }),
  );
  return { title, isInstalled, results: results.flat() };
}

const AGAIN = "correct it, or have it written again: luno-mcp-server setup";

async function checkEntry(own: OwnEntry, shared: Shared): Promise<CheckResult[]> {
  const { title, entry } = own;
  const missing = entry.flaws?.[0] ?? await missingCommand(entry, shared.context.world.env);
  if (missing !== undefined) return [broken(NAME, `${title}: ${missing}`, AGAIN)];
  if ([...entry.args, ...Object.values(entry.env)].some((text) => PLACEHOLDER.test(text))) {
    const text = `${title}: not tried, as only the client fills in its placeholders`;
    return [skipped(NAME, text, `look at the client's own list of servers, or try it by hand: ${commandLine(entry)}`)];
  }
  const read = await readServer(own);
  if (read.problems.length > 0) return read.problems.map((problem) => broken(NAME, `${title}: ${problem}`, AGAIN));
  const files = await fileResults(own, read, shared.context);
  const others = [...await secretResults(own), ...files, ...disabledResults(own)];
  if (files.some(({ status }) => status === "broken")) return others;
  return [...others, await startResult(own, read, shared)];
}

/** Placeholders that clients replace, such as `${LUNO_API_KEY}`, `${input:secret}` or `$HOME`. */
const PLACEHOLDER = /\$\{[^}]*\}|^\$\w+$/;

/**
 * An entry as this program would read it, with the problems that it would report; many clients pass on no other variables.
 */
interface ReadServer {
  readonly problems: readonly string[];
  readonly invocation?: Invocation;
  /** Absent for other commands than `serve`. */
  readonly loaded?: LoadedConfig;
}

async function readServer({ entry: { env }, args }: OwnEntry): Promise<ReadServer> {
  const read = readArguments(args);
  if (read.kind !== "run") return { problems: ["its arguments print a text and serve nobody"] };
  const { invocation } = read;
  const problems = [...read.problems, ...unknownVariables(Object.keys(env))];
  if (invocation.command === "bridge") return { problems, invocation };
  if (invocation.command !== "serve") {
    return { problems: [...problems, `its arguments run ${invocation.command}, which serves no client`] };
  }
  const loaded = await loadConfig(invocation.flags, (name) => env[name]);
  if (!loaded.ok) return { problems: [...problems, ...loaded.problems] };
  if (loaded.config.transport !== "stdio") {
    problems.push(
      `it listens on a port (--transport ${loaded.config.transport}), and the client waits for it on stdio`,
    );
  }
  return { problems, invocation, loaded };
}

/** Checks the files that a server with trading reads at its start. */
async function fileResults(
  { title }: OwnEntry,
  { loaded }: ReadServer,
  context: CheckContext,
): Promise<CheckResult[]> {
  if (loaded === undefined || !opensRecord(loaded.config)) return [];
  const { config } = loaded;
  const own = { ...context, loaded: { ok: true as const, ...loaded }, config, folder: config.state ?? context.folder };
  const results = [...await checkStateFolder(own), ...await checkPolicy(own)];
  return results.filter(({ status }) => status === "broken" || status === "warning")
    .map(({ name, text, ...result }) => ({ ...result, name: NAME, text: `${title}: ${name}: ${text}` }));
}

/** Warns about secrets in the file itself. */
async function secretResults({ title, file, entry: { env } }: OwnEntry): Promise<CheckResult[]> {
  const secrets = ["LUNO_API_SECRET", "LUNO_MCP_TOKEN"].filter((name) => (env[name] ?? "") !== "");
  if (secrets.length === 0) return [];
  const problems = await checkPrivateFile(`${title}: holds ${secrets.join(" and ")}`, file);
  return problems.map((problem) => warning(NAME, problem, `make ${file} readable by its owner only`));
}

function disabledResults({ title, entry }: OwnEntry): CheckResult[] {
  if (entry.isDisabled !== true) return [];
  return [
    warning(NAME, `${title}: the client is configured not to start it`, "switch it on in the client's list of servers"),
  ];
}

async function startResult(own: OwnEntry, read: ReadServer, { start, context }: Shared): Promise<CheckResult> {
  const { title, entry } = own;
  const { command = "" } = entry;
  const byHand = `try it by hand: ${commandLine(entry)}`;
  const notTried = (reason: string) =>
    skipped(NAME, `${title}: its settings are valid; not tried, as ${reason}`, byHand);
  if (!isStartable(entry, ownLaunch()) || !mayStart(command)) return notTried("doctor may not start it");
  if (isRelative(command)) return notTried("its path is relative to a folder that only the client knows");
  if (await isOfOthers(command)) return notTried("others may change its file");
  const tried = await harmless(own, read);
  if (tried === undefined) return notTried("a start would open its record");
  const started = await start(tried);
  const how = tried === entry ? "" : " without trading";
  return started.ok
    ? ok(NAME, `${title}: starts${how} and answers as ${started.server}`)
    : broken(NAME, `${title}: ${started.reason}`, context.world.shutdown.aborted ? "run doctor again" : byHand);
}

/** The entry, without what creates or changes something; `undefined` where it cannot be had without. */
async function harmless(
  { entry, args }: OwnEntry,
  { invocation, loaded }: ReadServer,
): Promise<ServerEntry | undefined> {
  if (invocation === undefined || loaded === undefined || !opensRecord(loaded.config)) return entry;
  const { flags } = invocation;
  const tried = withoutTrading({ entry, args, flags }, loaded.config);
  const again = readArguments(tried.args.slice(entry.args.length - args.length));
  if (again.kind !== "run") return undefined;
  const config = await loadConfig(again.invocation.flags, (name) => tried.env[name]);
  return config.ok && !opensRecord(config.config) ? tried : undefined;
}
