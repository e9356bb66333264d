/** A process that adds keys until it is killed, and says the id of each that was answered. */

import { createApiKey } from "../../src/access/api_key.ts";
import type { Keys } from "../../src/access/keys.ts";
import { openKeys } from "../../src/state/record/sqlite/open_keys.ts";
import { say } from "./state_process.ts";

<<<<<<< HEAD
const [path = "", engine = "keys"] = Deno.args;
const worker = engine === "keys" ? {} : { worker: new URL("./keys_worker.ts", import.meta.url), engine };
const keys = await openKeys({ path, mode: "write", timeoutMs: 5_000, monotonic: () => performance.now() }, worker);
for (let number = 0;; number++) {
  const { text: _, ...digest } = createApiKey();
  await keys.add({ ...digest, name: `w${number}-${digest.id}`, scopes: ["market:read"], now: 0 });
  await say(digest.id);
=======
/** A process that says something line by line, and can be ended in two ways. */
export interface KeysProcess extends AsyncDisposable {
  /** The next line that it says. */
  next(): Promise<string>;
  /** Kills it, wherever it is; answers what else it had said. */
  kill(): Promise<readonly string[]>;
  /** Lets it end in order. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a process may do beside reading and writing, for the engine of PostgreSQL. */
const POSTGRES_PERMISSIONS = ["--allow-net=127.0.0.1", "--allow-env=PG*,USER,NODE_PG_FORCE_NATIVE"];

/**
 * Starts it; `lock` says one line when it has the lock, `write` the id of each key that was answered. `path` is the address
 * of a database for the engine `postgres`.
 */
export async function startKeysProcess(what: "lock" | "write", path: string, engine: string): Promise<KeysProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-sys=uid",
      ...(engine === "postgres" ? POSTGRES_PERMISSIONS : []),
      import.meta.filename ?? "",
      what,
      path,
      engine,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = linesOf(child.stdout);
  const next = async () => (await lines.next()).value ?? "";
  if (what === "lock") await next();
  return {
    next,
    async kill() {
      child.kill("SIGKILL");
      await child.stdin.abort().catch(() => {});
      const rest = await Array.fromAsync(lines);
      await child.status;
      return rest;
    },
    async [Symbol.asyncDispose]() {
      await child.stdin.close().catch(() => {}); // It may have been killed.
      await Array.fromAsync(lines);
      await child.status;
    },
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    text += decoder.decode(bytes, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}

/** Until whoever started this closes the line. */
async function untilToldToEnd(): Promise<void> {
  while (await Deno.stdin.read(new Uint8Array(64)) !== null);
}

/** Keeps everybody else from writing. */
async function lock(path: string, engine: string): Promise<void> {
  if (engine === "postgres") {
    const [{ Database }, { accessOf }] = await Promise.all([
      import("../../src/state/record/postgres/database.ts"),
      import("./open_postgres.ts"),
    ]);
    const database = new Database(accessOf(path));
    await database.transaction(async (session) => {
      await session.query("SET LOCAL idle_in_transaction_session_timeout = 0");
      await session.query("SELECT 1 FROM key_store FOR UPDATE");
      await say("locked");
      await untilToldToEnd();
    });
    return await database.close();
  }
  const database = new DatabaseSync(path);
  database.exec("BEGIN IMMEDIATE");
  await say("locked");
  await untilToldToEnd();
  database.close();
}

async function open(path: string, engine: string): Promise<Keys> {
  if (engine === "postgres") return await (await import("./open_postgres.ts")).openKeysAt(path);
  const worker = engine === "keys" ? {} : { worker: new URL("./keys_worker.ts", import.meta.url), engine };
  return await openKeys({ path, mode: "write", timeoutMs: 5_000, monotonic: () => performance.now() }, worker);
}

if (import.meta.main) {
  const [what, path = "", engine = "keys"] = Deno.args;
  if (what === "lock") await lock(path, engine);
  else {
    const keys = await open(path, engine);
    for (let number = 0;; number++) {
      const { text: _, ...digest } = createApiKey();
      await keys.add({ ...digest, name: `w${number}-${digest.id}`, scopes: ["market:read"], now: 0 });
      await say(digest.id);
    }
  }
>>>>>>> 4a98cdb (Keep API keys on PostgreSQL, shared by several servers with --state-url)
}
