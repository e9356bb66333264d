import assert from "node:assert/strict";
import { KEYS_FAULTS } from "./keys_faults.ts";
import { KEYS_PROMISES } from "./keys_suite.ts";
import { BROKEN_DATABASES, startPostgresKeys } from "./postgres_keys.ts";
import { PostgresServer } from "./postgres_server.ts";
import { promisesOf } from "./rewording.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

for (const [promise, check] of Object.entries(KEYS_PROMISES)) {
  Deno.test(`Keys on postgres: ${promise}`, async () => {
    await using installation = await startPostgresKeys(server);
    await check(installation);
  });
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
  Deno.test(`the suite fails for an engine of keys on postgres that ${fault}`, async () => {
    const [Broken, check] = [BROKEN_DATABASES[fault], KEYS_PROMISES[promise]];
    assert.ok(Broken !== undefined && check !== undefined);
    await using installation = await startPostgresKeys(server, Broken);
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
