/** Another process that uses the keys of an installation. */

import { DatabaseSync } from "node:sqlite";
import { createApiKey } from "../../src/access/api_key.ts";
import { openKeys } from "../../src/state/record/sqlite/open_keys.ts";

/** A process that says something line by line, and can be ended in two ways. */
export interface KeysProcess extends AsyncDisposable {
  /** The next line that it says. */
  next(): Promise<string>;
  /** Kills it, wherever it is; answers what else it had said. */
  kill(): Promise<readonly string[]>;
  /** Lets it end in order. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts it; `lock` says one line when it has the lock, `write` the id of each key that was answered. */
export async function startKeysProcess(what: "lock" | "write", path: string, engine: string): Promise<KeysProcess> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-sys=uid",
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

if (import.meta.main) {
  const [what, path = "", engine = "keys"] = Deno.args;
  if (what === "lock") {
    const database = new DatabaseSync(path);
    database.exec("BEGIN IMMEDIATE");
    await say("locked");
    await untilToldToEnd();
    database.close();
  } else {
    const worker = engine === "keys" ? {} : { worker: new URL("./keys_worker.ts", import.meta.url), engine };
    const keys = await openKeys({ path, mode: "write", timeoutMs: 5_000, monotonic: () => performance.now() }, worker);
    for (let number = 0;; number++) {
      const { text: _, ...digest } = createApiKey();
      await keys.add({ ...digest, name: `w${number}-${digest.id}`, scopes: ["market:read"], now: 0 });
      await say(digest.id);
    }
  }
}
