import assert from "node:assert/strict";
import { KEYS_PROMISES } from "./keys_suite.ts";
import { BROKEN_DATABASES, startPostgresKeys } from "./postgres_keys.ts";
import { PostgresServer } from "./postgres_server.ts";

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
  "lets two pass a check together": "add() lets one of two processes have a name",
} as const satisfies Record<keyof typeof BROKEN_DATABASES, string>;

for (const [fault, Broken] of Object.entries(BROKEN_DATABASES)) {
  Deno.test(`the suite fails for an engine of keys on postgres that ${fault}`, async () => {
    const check = KEYS_PROMISES[BROKEN_PROMISES[fault as keyof typeof BROKEN_PROMISES]];
    assert.ok(check !== undefined);
    await using installation = await startPostgresKeys(server, Broken);
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
