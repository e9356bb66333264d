/** Selects the command of a command line, with its configuration and log. */

import { loadConfig, secretTexts } from "../config/load.ts";
import { mistypedVariables } from "../config/variables.ts";
import { withLogging } from "../logging/output/start_logging.ts";
import { readArguments } from "./arguments.ts";
import { asksForSample } from "./commands.ts";
import type { Invocation } from "./arguments.ts";
import type { CommandCall } from "./command_call.ts";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import type { CommandName } from "../config/command_settings.ts";
import type { LoadedConfig } from "../config/load.ts";
import { print } from "../world.ts";
import type { ExitCode, World } from "../world.ts";

/** Runs the program; returns the exit code. */
export async function run(world: World): Promise<ExitCode> {
  try {
    return await runInvocation(world);
  } catch (error) {
    const { writeFailure } = await import("./report.ts");
    const sentence = writeFailure(error);
    if (sentence === undefined) throw error;
    await print(world.stderr, sentence);
    return 1;
  }
}

async function runInvocation(world: World): Promise<ExitCode> {
  const read = readArguments(world.args);
  if (read.kind === "print") {
    await print(world.stdout, read.text);
    return 0;
  }
  if (read.kind === "help") {
    const { commandHelp, helpWidth, programHelp } = await import("./help.ts");
    const width = helpWidth(world.stdout.isTerminal() ? world.terminal?.size()?.columns : undefined);
    await print(world.stdout, read.command === undefined ? programHelp(width) : commandHelp(read.command, width));
    return 0;
  }
  if (read.kind === "tool help") return await (await import("./tools.ts")).printToolHelp(read.tool, { ...read, world });
  const { invocation, problems } = read;
  const isInit = asksForSample(invocation.command, invocation.operands);
  for (const name of unneeded(invocation, world.env)) {
    if (name !== "write" || !isInit) Deno.permissions.revokeSync({ name });
  }
  // Commands that diagnose problems report this one themselves.
  if (invocation.command !== "doctor") problems.push(...mistypedVariables(world.variables?.() ?? []));
  const standalone = isInit ? await findSample(invocation.command) : await findStandalone(invocation.command);
  if (standalone !== undefined) return await standalone(invocation.flags, { ...invocation, world, problems });
  const loaded = await loadConfig(invocation.flags, world.env);
  if (!loaded.ok) problems.push(...loaded.problems);
  if (!loaded.ok || problems.length > 0) {
    const { refuseStart, wantedFormat } = await import("./refuse_start.ts");
    const logFormat = invocation.command === "serve" ? wantedFormat(invocation.flags, world.env) : "text";
    const options = { level: "info", format: logFormat, secrets: [], output: world.stderr } as const;
    return await withLogging(options, () => refuseStart({ logFormat }, world, problems));
  }
  const { config, credentials } = loaded;
  const secrets = secretTexts(credentials);
  return await withLogging(
    { level: config.logLevel, format: config.logFormat, secrets, output: world.stderr },
    () => runCommand(invocation, loaded, world),
  );
}

/** Permissions that a command drops before it starts. */
export function unneeded(
  { command, flags = {}, operands: [operand = ""] = [] }: {
    readonly command: CommandName;
    readonly flags?: Readonly<Record<string, string>>;
    readonly operands?: readonly string[];
  },
  env: World["env"] = () => undefined,
): ("write" | "net" | "run")[] {
  const hasDatabase = "stateUrl" in COMMAND_SETTINGS[command] &&
    (flags["state-url"] ?? env("LUNO_MCP_STATE_URL") ?? "") !== "";
  const isOnline = ONLINE.includes(command) || hasDatabase ||
    command === "kill" && flags["cancel-open"] === "true";
  return [
    ...(WRITERS.includes(command) || WRITING_WORDS[command]?.includes(operand) ? [] : ["write" as const]),
    ...(isOnline ? [] : ["net" as const]),
    // Only doctor starts other programs: those that clients on this computer are set up to start.
    ...(command === "doctor" ? [] : ["run" as const]),
  ];
}

/** Commands that listen or connect; `kill` does so to cancel orders, others to reach a shared database. */
const ONLINE: readonly CommandName[] = ["serve", "call", "client", "bridge", "sessions", "simulator", "doctor"];

/**
 * Commands that write files, or that read a database without leaving files behind; the last two drop the permission
 * once theirs is open.
 */
const WRITERS: readonly CommandName[] = [
  "certs",
  "setup",
  "keys",
  "status",
  "doctor",
  "kill",
  "resume",
  "reload",
  "approve",
  "paper",
  "state",
  "serve",
  "call",
];

/** Operands that make other commands write. */
const WRITING_WORDS: { readonly [Name in CommandName]?: readonly string[] } = {
  policy: ["publish", "rollback"],
  access: ["publish", "rollback"],
};

/** A command that reads its own settings. */
type Standalone = (
  flags: Readonly<Record<string, string>>,
  call: CommandCall,
) => Promise<ExitCode>;

// Modules are loaded by the command that needs them, so that serving starts fast.

async function findSample(command: CommandName): Promise<Standalone | undefined> {
  const { hasSample, initOf } = await import("./init.ts");
  return hasSample(command) ? initOf(command) : undefined;
}

async function findStandalone(command: CommandName): Promise<Standalone | undefined> {
  switch (command) {
    case "client":
      return (await import("./client.ts")).client;
    case "bridge":
      return (await import("./bridge.ts")).bridge;
    case "keys":
      return (await import("./keys.ts")).keys;
    case "reload":
      return (await import("./reload.ts")).reload;
    case "kill":
      return (await import("./kill.ts")).kill;
    case "doctor":
      return (await import("./doctor.ts")).doctor;
    case "sessions":
      return (await import("./sessions.ts")).sessions;
    case "status":
      return (await import("./status.ts")).status;
    case "resume":
      return (await import("./kill.ts")).resume;
    case "approve":
      return (await import("./approve.ts")).approve;
    case "audit":
      return (await import("./audit.ts")).audit;
    case "paper":
      return (await import("./paper.ts")).paper;
    case "state":
      return (await import("./state.ts")).state;
    case "policy":
      return (await import("./policy.ts")).policy;
    case "access":
      return (await import("./published.ts")).publishedCommand("access");
    case "certs":
      return (await import("./certs.ts")).certs;
    case "setup":
      return (await import("./setup.ts")).setup;
    case "simulator":
      return (await import("./simulator.ts")).simulator;
    case "completions":
      return (await import("./completions.ts")).completions;
    case "man":
      return (await import("./man.ts")).man;
    default:
      return undefined;
  }
}

async function runCommand(invocation: Invocation, loaded: LoadedConfig, world: World): Promise<ExitCode> {
  switch (invocation.command) {
    case "tools":
      return await (await import("./tools.ts")).printTools(loaded, world, invocation);
    case "call":
      return await (await import("./call.ts")).call(loaded, world, invocation);
    case "config":
      return await (await import("./config.ts")).printConfig(loaded, world, invocation);
    default:
      return await (await import("./serve.ts")).serve(loaded, world);
  }
}
