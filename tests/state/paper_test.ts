import assert from "node:assert/strict";
import { BROKEN_PAPER_ENGINES, PAPER_ENGINES } from "./paper_engines.ts";
import { PAPER_FAULTS } from "./paper_faults.ts";
import { PAPER_PROMISES } from "./paper_suite.ts";
import { promisesOf } from "./rewording.ts";

for (const [engine, start] of Object.entries(PAPER_ENGINES)) {
  for (const [promise, check] of Object.entries(PAPER_PROMISES)) {
    Deno.test(`PaperLedger on ${engine}: ${promise}`, async () => {
      await using installation = await start();
      await check(installation);
    });
  }
}

/** The promise that each breaks. */
const BROKEN_PROMISES = {
  "loses commits": "openAccounts() opens each account once, with the initial balances",
  "answers before it has written":
    "place() stores order, fills, rows and taken lots, for every process and after all have closed",
  "lets two pass a check together": "place() lets one of two processes spend an amount, and use a client order id",
  "reads what was there before": "reset() drops what an identity has, and gives its accounts another epoch",
  ...promisesOf(PAPER_FAULTS),
};

for (const [fault, promise] of Object.entries(BROKEN_PROMISES)) {
  Deno.test(`the suite fails for a paper ledger that ${fault}`, async () => {
    const [start, check] = [BROKEN_PAPER_ENGINES[fault], PAPER_PROMISES[promise]];
    assert.ok(start !== undefined && check !== undefined);
    await using installation = await start();
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
