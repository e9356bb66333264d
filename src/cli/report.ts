/** How commands report failures, and print sentences for people. */

import { ERRORS } from "../errors/error_table.ts";
import type { ErrorCode } from "../errors/error_table.ts";
import { print } from "../world.ts";
import type { ExitCode, Output, World } from "../world.ts";
import { COMMANDS } from "./commands.ts";
import { wrapText } from "./terminal/width.ts";

/**
 * The system's reason when something cannot be written, as a sentence; `undefined` for every other error, which is an
 * internal one that needs its stack.
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

/** The error that every command prints with `--json`. */
export interface CommandError {
  /** A stable code. */
  readonly code: string;
  readonly message: string;
  readonly [detail: string]: unknown;
}

/** Reports every problem, and the command that explains the usage; returns the exit code. */
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
 * Reports why a command could not do what was asked; returns the exit code.
 *
 * @param code the code of another server, if the reason is there
 */
export async function fail(world: World, message: string, code: string = COMMAND_FAILED): Promise<ExitCode> {
  if (asksForJson(world)) await printError(world, { code, message });
  else await say(world, message, world.stderr);
  return 1;
}

/** Prints sentences, wrapped to fit a terminal. */
export async function say({ terminal }: World, text: string, output: Output): Promise<void> {
  const width = Math.max(40, terminal?.size()?.columns ?? 80);
  await print(output, output.isTerminal() ? wrapText(text, { width, indent: 2 }) : text);
}

function asksForJson({ args }: World): boolean {
  return args.includes("--json");
}

/** To stdout, where programs read the answer; the stdout of a server on stdio belongs to the protocol. */
async function printError({ args: [command = ""], stdout, stderr }: World, error: CommandError): Promise<void> {
  const isProtocol = command === "bridge" || command === "serve" || !Object.hasOwn(COMMANDS, command);
  await print(isProtocol ? stderr : stdout, JSON.stringify({ error }));
}
