import assert from "node:assert/strict";
import { PAPER_FAULTS } from "./paper_faults.ts";
import { PAPER_PROMISES } from "./paper_suite.ts";
import { BROKEN_DATABASES, startPostgresPaper } from "./postgres_paper.ts";
import { PostgresServer } from "./postgres_server.ts";
import { promisesOf } from "./rewording.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

for (const [promise, check] of Object.entries(PAPER_PROMISES)) {
  Deno.test(`PaperLedger on postgres: ${promise}`, async () => {
    await using installation = await startPostgresPaper(server);
    await check(installation);
  });
}

/** The promise that each breaks. */
const BROKEN_PROMISES = {
  "loses commits": "openAccounts() opens each account once, with the initial balances",
  "answers before it has written": "reset() drops what an identity has, and gives its accounts another epoch",
  "lets two pass a check together": "place() lets one of two processes spend an amount, and use a client order id",
  "reads what was there before": "reset() drops what an identity has, and gives its accounts another epoch",
  ...promisesOf(PAPER_FAULTS),
};

for (const [fault, promise] of Object.entries(BROKEN_PROMISES)) {
  Deno.test(`the suite fails for a paper ledger on postgres that ${fault}`, async () => {
    const [Broken, check] = [BROKEN_DATABASES[fault], PAPER_PROMISES[promise]];
    assert.ok(Broken !== undefined && check !== undefined);
    await using installation = await startPostgresPaper(server, Broken);
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
