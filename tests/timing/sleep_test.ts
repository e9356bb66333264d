import assert from "node:assert/strict";
import { sleep } from "../../src/timing/sleep.ts";

Deno.test("sleep() ends early with the reason of its signal", async () => {
  const caller = new AbortController();
  const sleeping = sleep(60_000, caller.signal);
  caller.abort(new Error("enough"));
  await assert.rejects(sleeping, /enough/);
  await assert.rejects(sleep(60_000, caller.signal), /enough/);
  await sleep(0, new AbortController().signal);
});
