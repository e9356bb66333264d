/** How a command tells what it could not do, and sentences for people. */

import { ERRORS } from "../errors/error_table.ts";
import type { ErrorCode } from "../errors/error_table.ts";
import { print } from "../world.ts";
import type { ExitCode, Output, World } from "../world.ts";
import { COMMANDS } from "./commands.ts";
import { wrapText } from "./terminal/width.ts";

/**
 * What the system says where something cannot be written, as a sentence; `undefined` for every other error. Those are
 * faults of the program, of which its author needs the place.
 */
export function writeFailure(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = WRITE_FAILURES[code];
  return reason === undefined ? undefined : `Cannot write as ${reason} (${code})`;
}

const WRITE_FAILURES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: make room and try again",
  EDQUOT: "the quota of this user is used up: make room and try again",
  EFBIG: "the file would become too large",
  EROFS: "the file system is read-only",
  EIO: "the device failed",
};

/** What went wrong, as every command prints it with `--json`. */
export interface CommandError {
  /** Stable: it never changes its meaning. */
  readonly code: string;
  readonly message: string;
  readonly [detail: string]: unknown;
}

/** Tells the operator every problem at once, and where the command at hand is explained; answers the exit code for it. */
export async function refuse(world: World, problems: readonly string[]): Promise<ExitCode> {
  const [command = ""] = world.args;
  const code: ErrorCode = "ERR_CONFIGURATION";
  const { exit } = ERRORS[code];
  if (asksForJson(world)) {
    await printError(world, { code, message: problems.join("; "), problems });
    return exit;
  }
  const help = Object.hasOwn(COMMANDS, command) ? `${command} --help` : "--help";
  await say(world, [...problems, "", `See luno-mcp-server ${help}`].join("\n"), world.stderr);
  return exit;
}

const COMMAND_FAILED: ErrorCode = "ERR_COMMAND_FAILED";

/**
 * Tells why a command could not do what was asked; answers the exit code for it.
 *
 * @param code another server's, where the reason is there
 */
export async function fail(world: World, message: string, code: string = COMMAND_FAILED): Promise<ExitCode> {
  if (asksForJson(world)) await printError(world, { code, message });
  else await say(world, message, world.stderr);
  return 1;
}

/** Writes sentences; on a terminal their lines fit it. */
export async function say({ terminal }: World, text: string, output: Output): Promise<void> {
  const width = Math.max(40, terminal?.size()?.columns ?? 80);
  await print(output, output.isTerminal() ? wrapText(text, { width, indent: 2 }) : text);
}

function asksForJson({ args }: World): boolean {
  return args.includes("--json");
}

/** To stdout, where a program reads the answer; of a server on stdio that belongs to the protocol. */
async function printError({ args: [command = ""], stdout, stderr }: World, error: CommandError): Promise<void> {
  const isProtocol = command === "bridge" || command === "serve" || !Object.hasOwn(COMMANDS, command);
  await print(isProtocol ? stderr : stdout, JSON.stringify({ error }));
}
