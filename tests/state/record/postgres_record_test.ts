import assert from "node:assert/strict";
import { PostgresServer } from "../postgres_server.ts";
import { startPostgresRecord } from "./postgres_record.ts";
import { RECORD_PROMISES } from "./record_suite.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

for (const [promise, check] of Object.entries(RECORD_PROMISES)) {
  Deno.test(`the record on postgres: ${promise}`, async () => {
    await using installation = await startPostgresRecord(server);
    await check(installation);
  });
}

/** The promise that each breaks. */
const BROKEN_PROMISES = {
  losing: "what was answered is found again by all processes, and after all have closed",
  racing: "Journal.begin() in two processes at once lets them reach a limit per day together, not exceed it",
  reusing: "Previews are used once: by an order that begins, or by a question",
  lending: "Previews are used by nobody but their caller, and are left to that",
  timeless: "Previews end with their time, and when the clock was set back",
} as const;

for (const [fault, promise] of Object.entries(BROKEN_PROMISES)) {
  Deno.test(`the suite condemns an engine of the record on postgres that is ${fault}`, async () => {
    const check = RECORD_PROMISES[promise];
    assert.ok(check !== undefined);
    await using installation = await startPostgresRecord(server, fault);
    await assert.rejects(async () => await check(installation));
  });
}
