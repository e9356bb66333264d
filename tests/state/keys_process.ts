/** A process that adds keys until it is killed, and says the id of each that was answered. */

import { createApiKey } from "../../src/access/api_key.ts";
import { openKeys } from "../../src/state/record/sqlite/open_keys.ts";
import { say } from "./state_process.ts";

const [path = "", engine = "keys"] = Deno.args;
const worker = engine === "keys" ? {} : { worker: new URL("./keys_worker.ts", import.meta.url), engine };
const keys = await openKeys({ path, mode: "write", timeoutMs: 5_000, monotonic: () => performance.now() }, worker);
for (let number = 0;; number++) {
  const { text: _, ...digest } = createApiKey();
  await keys.add({ ...digest, name: `w${number}-${digest.id}`, scopes: ["market:read"], now: 0 });
  await say(digest.id);
}
