import assert from "node:assert/strict";
import { BROKEN_KEYS_ENGINES, KEYS_ENGINES } from "./keys_engines.ts";
import { KEYS_FAULTS } from "./keys_faults.ts";
import { KEYS_PROMISES } from "./keys_suite.ts";
import { promisesOf } from "./rewording.ts";

for (const [engine, start] of Object.entries(KEYS_ENGINES)) {
  for (const [promise, check] of Object.entries(KEYS_PROMISES)) {
    Deno.test(`Keys on ${engine}: ${promise}`, async () => {
      await using installation = await start();
      await check(installation);
    });
  }
}

/** The promise that each breaks. */
const BROKEN_PROMISES = {
  "loses commits": "add() returns the key as it is stored, for every process and after all have closed",
  "answers before it has written": "add() returns the key as it is stored, for every process and after all have closed",
  "lets two pass a check together": "add() lets one of two processes have a name",
  "reads what was there before": "since() lists changes by others and by itself, and nothing else",
  ...promisesOf(KEYS_FAULTS),
};

for (const [fault, promise] of Object.entries(BROKEN_PROMISES)) {
  Deno.test(`the suite fails for an engine of keys that ${fault}`, async () => {
    const [start, check] = [BROKEN_KEYS_ENGINES[fault], KEYS_PROMISES[promise]];
    assert.ok(start !== undefined && check !== undefined);
    await using installation = await start();
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
