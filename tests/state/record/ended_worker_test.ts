/** What becomes of a trading record whose worker ends by a fault. */

import assert from "node:assert/strict";
import { startStateProcess } from "../state_process.ts";

const SCRIPT = new URL("./dying_process.ts", import.meta.url);

/** What a process says whose workers end twice, each within a transaction. */
async function sayings(permission: "keeps" | "gives-back"): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    await using process = startStateProcess(SCRIPT, [folder, permission]);
    const said: string[] = [];
    for (let line = await process.next(); line !== ""; line = await process.next()) said.push(line);
    return said;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openRecord() replaces a worker that ends within a transaction: its outcome is unknown, nothing of it is kept, and others go on", async () => {
  assert.deepEqual(await sayings("keeps"), [
    "first begun",
    "die outcome_unknown",
    "second begun",
    "die outcome_unknown",
    "third begun",
    "lm-first lm-second lm-third",
  ]);
});

Deno.test("openRecord() has what reads take over where the program may write no more, once, and then refuses what would write", async () => {
  assert.deepEqual(await sayings("gives-back"), [
    "first begun",
    "die outcome_unknown",
    "second begun",
    "die outcome_unknown",
    "third unavailable",
    "lm-first lm-second",
  ]);
});
