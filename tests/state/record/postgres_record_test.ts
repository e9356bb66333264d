import assert from "node:assert/strict";
import { PostgresServer } from "../postgres_server.ts";
import { MIGRATIONS } from "../../../src/state/record/postgres/schema.ts";
import { openPostgresRecord } from "../../../src/state/record/postgres/open_record.ts";
import { accessOf } from "../open_postgres.ts";
import { checkOldRecord, readOldRows } from "./old_record.ts";
import { startPostgresRecord } from "./postgres_record.ts";
import { RECORD_PROMISES } from "./record_suite.ts";

/** Steps of the schema of the version before accounts. */
const BEFORE_ACCOUNTS = 2;

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

Deno.test("openPostgresRecord() goes on with a record that told no accounts apart, and its audit stays whole", async () => {
  const database = await server.createDatabase();
  const client = await server.connect(database);
  await client.query("CREATE SCHEMA luno_mcp; SET search_path = luno_mcp");
  const version =
    "CREATE TABLE schema_version (only_row integer PRIMARY KEY CHECK (only_row = 1), version integer NOT NULL)";
  await client.query(`${version}; INSERT INTO schema_version VALUES (1, ${BEFORE_ACCOUNTS})`);
  for (const statements of MIGRATIONS.slice(0, BEFORE_ACCOUNTS)) await client.query(statements);
  await client.query(await readOldRows("postgres"));
  await client.end();
  const folder = await Deno.makeTempDir();
  const record = await openPostgresRecord(accessOf(server.url(database)), {
    ...{ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() },
  });
  try {
    await checkOldRecord(record);
  } finally {
    await record.close();
    await Deno.remove(folder, { recursive: true });
  }
});

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
