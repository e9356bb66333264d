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
  "loses commits": "close() completes earlier operations, and does nothing a second time",
  "answers before it has written": "what was answered is found again by all processes, and after all have closed",
  "lets two pass a limit together":
    "Journal.begin() in two processes at once lets them reach a limit per day together, not exceed it",
  "lets a preview be used twice": "Previews are used once: by an order that begins, or by an approval request",
  "lets another identity use a preview": "Previews are used only by their caller, and stay available to it",
  "lets a preview be used that has expired": "Previews expire with their time, and when the clock was set back",
  "reads what was there before it wrote":
    "what was answered is found again by all processes, and after all have closed",
  "forgets idempotency keys":
    "Journal.begin() returns the first placement for a repeated key, whatever has become of it",
  "forgets halts": "Halts.pull() stops new orders of every process at once, and survives a restart",
  "forgets that a key was given back":
    "CallClaims.claim() gives a key to one call at a time, and distinguishes equal calls from others",
  "forgets that a replacement was given up":
    "ReplacementClaims.claim() gives an order to one replacement, in all processes",
  "gives one answer to two calls": "Approvals.take() gives an answer to one call, in time, in any process",
  "takes orders from a process that lives":
    "Instances.takeOver() leaves what a live process has sent, however long ago",
} as const;

for (const [fault, promise] of Object.entries(BROKEN_PROMISES)) {
  Deno.test(`the suite fails for an engine of the record that ${fault}`, async () => {
    const [start, check] = [BROKEN_RECORD_ENGINES[fault], RECORD_PROMISES[promise]];
    assert.ok(start !== undefined && check !== undefined);
    await using installation = await start();
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
