/** A process that adds keys until it is killed, and says the id of each that was answered. */

import { createApiKey } from "../../src/access/api_key.ts";
import type { Keys } from "../../src/access/keys.ts";
import { openKeys } from "../../src/state/record/sqlite/open_keys.ts";
import { openKeysAt } from "./open_postgres.ts";
import { say } from "./state_process.ts";

const [path = "", engine = "keys"] = Deno.args;
const keys = await open();
for (let number = 0;; number++) {
  const { text: _, ...digest } = createApiKey();
  await keys.add({ ...digest, name: `w${number}-${digest.id}`, scopes: ["market:read"], now: 0 });
  await say(digest.id);
}

async function open(): Promise<Keys> {
  if (engine === "postgres") return await openKeysAt(path);
  const worker = engine === "keys" ? {} : { worker: new URL("./keys_worker.ts", import.meta.url), engine };
  return await openKeys({ path, mode: "write", timeoutMs: 5_000, monotonic: () => performance.now() }, worker);
}
