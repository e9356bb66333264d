/** What a command may touch of the outside; `main.ts` reads the real one, tests bring their own. */

import { COMMANDS } from "./cli/commands.ts";
import { wrapText } from "./cli/terminal/width.ts";

/**
 * Codes with which the program ends: 0 as asked, 1 our fault or an error result, 2 the operator's input, 3 a person has to
 * approve, 4 it is not known what became of an order, 5 it was not placed or cancelled, 69 the address is not available.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 69;

/** A stream that can be written to. */
export interface Output {
  write(bytes: Uint8Array): Promise<number>;
  isTerminal(): boolean;
}

/** The outside world of one run. */
export interface World {
  readonly args: readonly string[];
  env(name: string): string | undefined;
  readonly stdin: { read(buffer: Uint8Array): Promise<number | null>; isTerminal(): boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  /** The terminal behind stdout. @default 80 columns without colours */
  readonly terminal?: {
    /** `undefined` where nobody knows it. */
    size(): { readonly columns: number; readonly rows: number } | undefined;
    readonly colour: boolean;
  };
  /** Wall clock in milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds that only ever rise, for durations. */
  monotonic(): number;
  /** From 0 up to, but not including, 1. @default Math.random */
  random?(): number;
  /** Aborts at SIGINT and SIGTERM. */
  readonly shutdown: AbortSignal;
  /** Has `listener` called at SIGHUP, where that does not end the program. */
  onHangup(listener: () => void): void;
  /** Has `listener` called at SIGUSR1, where the system knows it. */
  onUserSignal(listener: () => void): void;
}

/** Writes text and a newline; a reader that has gone away is no error. */
export async function print(output: Output, text: string): Promise<void> {
  await write(output, `${text}\n`);
}

/** Writes text as it is; a reader that has gone away is no error. */
export async function write(output: Output, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += await output.write(bytes.subarray(written));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** An output beside the result, as stderr is: where it takes nothing, the program goes on without. */
export function bestEffort(output: Output): Output {
  return {
    isTerminal: () => output.isTerminal(),
    write: (bytes) => output.write(bytes).catch(() => bytes.length),
  };
}

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
  if (asksForJson(world)) {
    await printError(world, { code: "ERR_CONFIGURATION", message: problems.join("; "), problems });
    return 2;
  }
  const help = Object.hasOwn(COMMANDS, command) ? `${command} --help` : "--help";
  await say(world, [...problems, "", `See luno-mcp-server ${help}`].join("\n"), world.stderr);
  return 2;
}

/** Tells why a command could not do what was asked; answers the exit code for it. */
export async function fail(world: World, message: string, code = "ERR_COMMAND_FAILED"): Promise<ExitCode> {
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
