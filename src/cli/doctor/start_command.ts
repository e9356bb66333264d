/** Starts the command of a client's configuration as the client does, and ends it after the opening. */

import { reasonOf } from "../../errors/reason_of.ts";
import type { ServerEntry } from "../../client_configs/read_config.ts";
import { Deadline } from "../../timing/deadline.ts";
import { isObject } from "../../validation/is_object.ts";
import { VERSION } from "../../version.ts";

/** The server's name and version, or why there was no answer. */
export type Started =
  | { readonly ok: true; readonly server: string }
  | { readonly ok: false; readonly reason: string };

/** How long a server has to end after its input ended, in milliseconds. */
const END_MS = 2_000;

/** More than any answer to an opening has. */
const MAX_ANSWER = 1_048_576;

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "luno-mcp-server doctor", version: VERSION },
  },
};

/** Whether this program has the permission to start commands. */
export function mayStart(command: string): boolean {
  return Deno.permissions.querySync({ name: "run", command }).state === "granted";
}

/** How a command is started. */
export interface StartOptions {
  readonly signal: AbortSignal;
  /** How long it has to answer, in milliseconds. */
  readonly limitMs: number;
  /** The variables the command inherits, beside those of the entry. @default all */
  readonly passedOn?: Readonly<Record<string, string>>;
}

/** Starts it, completes the opening, and ends it. */
export async function startCommand(
  { command = "", args, env }: ServerEntry,
  { signal, limitMs, passedOn }: StartOptions,
): Promise<Started> {
  let child: Deno.ChildProcess;
  try {
    const streams = { stdin: "piped", stdout: "piped", stderr: "null" } as const;
    const environment = { env: { ...passedOn, ...env }, clearEnv: passedOn !== undefined };
    child = new Deno.Command(command, { args: [...args], ...environment, ...streams }).spawn();
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
  using deadline = new Deadline(limitMs, [signal]);
  const late = Promise.withResolvers<Started>();
  deadline.signal.addEventListener("abort", () => {
    late.resolve({ ok: false, reason: `it did not answer within ${limitMs / 1_000} s` });
    kill(child);
  }, { once: true });
  const started = await Promise.race([open(child), late.promise]);
  await end(child);
  return started;
}

async function open(child: Deno.ChildProcess): Promise<Started> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(`${JSON.stringify(INITIALIZE)}\n`));
    const line = await readLine(child.stdout);
    if (line !== undefined) return readAnswer(line);
  } catch {
    // It ended before everything was read or written; its exit code says more.
  } finally {
    // Ends its input, which tells a server on stdio that its client has left.
    await writer.close().catch(() => {});
  }
  const { code } = await child.status;
  return { ok: false, reason: `it ended with exit code ${code} before it answered` };
}

/** The first line; `undefined` when the output ends without one. */
async function readLine(output: ReadableStream<Uint8Array>): Promise<string | undefined> {
  let text = "";
  for await (const part of output.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
    if (text.length > MAX_ANSWER) return text;
  }
  return undefined;
}

function readAnswer(line: string): Started {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    return { ok: false, reason: "it wrote something to stdout that is no message of the protocol" };
  }
  const result = isObject(answer) ? answer["result"] : undefined;
  const server = isObject(result) ? result["serverInfo"] : undefined;
  if (!isObject(server)) return { ok: false, reason: "it did not complete the opening of the protocol" };
  return { ok: true, server: `${server["name"]} ${server["version"]}` };
}

/** Its input has ended; if it does not end within the limit, it is killed. */
async function end(child: Deno.ChildProcess): Promise<void> {
  using deadline = new Deadline(END_MS);
  deadline.signal.addEventListener("abort", () => kill(child), { once: true });
  await child.status;
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has already ended.
  }
}
