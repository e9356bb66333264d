import assert from "node:assert/strict";
import { BROKEN_RECORD_ENGINES, RECORD_ENGINES } from "./record_engines.ts";
import { RECORD_PROMISES } from "./record_suite.ts";

for (const [engine, start] of Object.entries(RECORD_ENGINES)) {
  for (const [promise, check] of Object.entries(RECORD_PROMISES)) {
    Deno.test(`the record on ${engine}: ${promise}`, async () => {
      await using installation = await start();
      await check(installation);
    });
  }
}

/** The promise that each breaks. */
const BROKEN_PROMISES = {
  "loses commits": "close() lets what was asked before finish, and a second time does nothing",
  "answers before it has written": "what was answered is found again by all processes, and after all have closed",
  "lets two pass a limit together":
    "Journal.begin() in two processes at once lets them reach a limit per day together, not exceed it",
  "lets a preview be used twice": "Previews are used once: by an order that begins, or by a question",
  "lets another identity use a preview": "Previews are used by nobody but their caller, and are left to that",
  "lets a preview be used that has expired": "Previews end with their time, and when the clock was set back",
} as const;

for (const [fault, promise] of Object.entries(BROKEN_PROMISES)) {
  Deno.test(`the suite condemns an engine of the record that ${fault}`, async () => {
    const [start, check] = [BROKEN_RECORD_ENGINES[fault], RECORD_PROMISES[promise]];
    assert.ok(start !== undefined && check !== undefined);
    await using installation = await start();
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
