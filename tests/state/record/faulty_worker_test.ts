/** What becomes of state whose worker has faults, in a process that may open nothing to write any more. */

import assert from "node:assert/strict";
import { startStateProcess } from "../state_process.ts";

const SCRIPT = new URL("./faulty_process.ts", import.meta.url);

/** What a process says whose worker has faults, each within a transaction. */
async function sayings(what: string): Promise<string[]> {
  const folder = await Deno.makeTempDir();
  try {
    await using process = startStateProcess(SCRIPT, [folder, what]);
    const said: string[] = [];
    for (let line = await process.next(); line !== ""; line = await process.next()) said.push(line);
    return said;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openRecord() continues after every fault within a transaction: its outcome is unknown, and nothing of it remains", async () => {
  assert.deepEqual(await sayings("record"), [
    "first begun",
    "die outcome_unknown",
    "second begun",
    "die outcome_unknown",
    "die outcome_unknown",
    "third begun",
    "lm-first lm-second lm-third",
  ]);
});

for (const what of ["keys", "paper", "sessions"]) {
  Deno.test(`${what} continue after every fault within a transaction, and nothing of it remains`, async () => {
    assert.deepEqual(await sayings(what), ["kept first", "fault", "kept second", "fault", "kept third"]);
  });
}
