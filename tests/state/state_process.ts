/** Another process that uses state of ours, and says something line by line. */

import { DatabaseSync } from "node:sqlite";
import { linesOf } from "../support/lines.ts";

/** A process that can be ended in two ways. */
export interface StateProcess extends AsyncDisposable {
  /** The next line that it says. */
  next(): Promise<string>;
  /** Lets it go on where it waits. */
  goOn(): Promise<void>;
  /** Kills it, wherever it is; answers what else it had said. */
  kill(): Promise<readonly string[]>;
  /** Lets it end in order. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a script needs to reach a database of this machine, and the package for it. */
const DATABASE = ["--allow-net=127.0.0.1", "--allow-env=PG*,USER,USERNAME,NODE_PG_FORCE_NATIVE"];

/** Starts a script of ours, which may read and write files, and reach PostgreSQL of this machine. */
export function startStateProcess(script: URL, args: readonly string[]): StateProcess {
  const permissions = ["--allow-read", "--allow-write", "--allow-sys=uid", ...DATABASE];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", ...permissions, script.href, ...args],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = linesOf(child.stdout);
  return {
    next: async () => (await lines.next()).value ?? "",
    goOn: () => child.stdin.close(),
    async kill() {
      child.kill("SIGKILL");
      await child.stdin.abort().catch(() => {});
      const rest = await Array.fromAsync(lines);
      await child.status;
      return rest;
    },
    async [Symbol.asyncDispose]() {
      await child.stdin.close().catch(() => {}); // It may have been closed or killed.
      await Array.fromAsync(lines);
      await child.status;
    },
  };
}

/** Has another process keep everybody else from writing a database, until it is told to let go. */
export async function lockDatabase(path: string): Promise<StateProcess> {
  const holder = startStateProcess(new URL("./lock_process.ts", import.meta.url), [path]);
  await holder.next();
  return holder;
}

/** Does to a database what the next version of the program does; the table `foreign` has another name from then on. */
export function upgradeDatabase(path: string, foreign?: string): void {
  using database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 1000");
  if (foreign !== undefined) database.exec(`ALTER TABLE ${foreign} RENAME TO renamed`);
}

/** Does to a database what a failing disk does. Its header stays: the file still looks like a database. */
export async function corruptDatabase(path: string): Promise<void> {
  const { size } = await Deno.stat(path);
  using file = await Deno.open(path, { write: true });
  await file.seek(100, Deno.SeekMode.Start);
  await file.write(new Uint8Array(size - 100).fill(0xa5));
}

/** Locks a database that is yet to be made, as a process that makes it does. */
export async function lockNewDatabase(path: string): Promise<StateProcess> {
  await Deno.writeTextFile(path, "", { mode: 0o600 });
  return await lockDatabase(path);
}

/** In such a process: says a line. */
export async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}

/** In such a process: waits until it is let go on, or is to end. */
export async function untilToldToGoOn(): Promise<void> {
  while (await Deno.stdin.read(new Uint8Array(64)) !== null);
}
