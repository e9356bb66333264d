/** The program as a process, as people start it: from source and, if one was compiled, as the binary. */

import { tmpdir } from "node:os";
import { join } from "node:path";

/** A way to start the program. */
export interface Program {
  readonly name: "source" | "binary";
  readonly command: string;
  readonly args: readonly string[];
}

const SOURCE: Program = {
  name: "source",
  command: Deno.execPath(),
  args: ["run", "--quiet", "--no-prompt", "-P=serve", "main.ts"],
};

const binary = Deno.env.get("LUNO_MCP_TEST_BINARY");

/** Every way to start the program here; `LUNO_MCP_TEST_BINARY` names a compiled one. */
export const PROGRAMS: readonly Program[] = binary === undefined
  ? [SOURCE]
  : [SOURCE, { name: "binary", command: binary, args: [] }];

/** One of them: the binary if there is one. For slow tests that do not depend on how the program is built. */
export const SHIPPED: readonly Program[] = PROGRAMS.slice(-1);

/** Output of a run that has ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder without keys and without a trading record, so that a test does not use the developer's own. */
const NO_STATE = join(tmpdir(), "luno-mcp-server-without-state");

/** Settings of a run; the environment contains nothing else. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Written to stdin, which is then closed. */
  readonly input?: string;
}

/** Runs the program to its end. */
export async function runProgram(program: Program, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = startProgram(program, args, options);
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(options.input ?? ""));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Starts the program with all three streams piped. */
export function startProgram(program: Program, args: readonly string[], options: RunOptions = {}): Deno.ChildProcess {
  return new Deno.Command(program.command, {
    args: [...program.args, ...args],
    env: { ...inherited(), XDG_STATE_HOME: NO_STATE, ...options.env },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** What a process needs to find its caches, and none of the developer's own settings. */
export function inherited(): Record<string, string> {
  const names = ["HOME", "PATH", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"];
  return Object.fromEntries(names.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** JSON-RPC messages, one a line. */
export function lines(...messages: readonly (object | string)[]): string {
  return messages.map((message) => `${typeof message === "string" ? message : JSON.stringify(message)}\n`).join("");
}

/** The opening of a 2025-era client. */
export const INITIALIZE = [
  {
    jsonrpc: "2.0",
    id: "init",
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } },
  },
  { jsonrpc: "2.0", method: "notifications/initialized" },
] as const;

/** A `tools/call` request. */
export function toolCall(id: number | string, name: string, args: Record<string, unknown> = {}): object {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
}

/** Reads one line at a time from a process. */
export async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}
