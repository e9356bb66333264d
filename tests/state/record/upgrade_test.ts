/** Two versions of this program on one record: the newer one changes its tables, and the older one must send nothing more. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { createKey } from "../../../src/access/key_changes.ts";
import { keys } from "../../../src/cli/keys.ts";
import { kill } from "../../../src/cli/kill.ts";
import { openRecord } from "../../../src/state/record/sqlite/open_record.ts";
import { openPostgresRecord } from "../../../src/state/record/postgres/open_record.ts";
import { MIGRATION_LOCK } from "../../../src/state/record/postgres/known_tables.ts";
import { MIGRATIONS } from "../../../src/state/record/postgres/schema.ts";
import { StateError } from "../../../src/state/state_error.ts";
import { TRADING_DATABASE } from "../../../src/state/record/sqlite/trading_database.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { runnerOf } from "../../cli/trading_commands.ts";
import { LogRecords } from "../../support/log_records.ts";
import { lookUntil } from "../../support/look_until.ts";
import { entry, FREE, INSTANCE, NOW, outcomeOf } from "../../trading/stores.ts";
import { accessOf, openKeysAt } from "../open_postgres.ts";
import { PostgresServer } from "../postgres_server.ts";

const isOutdated = (error: unknown) => error instanceof StoreError && error.failure === "outdated";

const CLOCK = { timeoutMs: 0, monotonic: () => performance.now() };

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** An older program: what it writes and reads once a newer one has changed the tables. */
async function checkStopped(record: TradingRecord): Promise<void> {
  await assert.rejects(record.journal.begin(entry("late"), FREE, NOW), isOutdated);
  await assert.rejects(record.journal.settle("lm-early", { state: "placed", orderId: "BX1" }, NOW), isOutdated);
  await assert.rejects(record.halts.lift({ by: "test", now: NOW }), /restart this server with that version/);
  assert.deepEqual((await record.journal.unsettled({})).map(({ clientOrderId }) => clientOrderId), ["lm-early"]);
}

Deno.test("a program sends nothing more once a newer version has changed the record in its folder", () =>
  inFolder(async (folder) => {
    const record = await openRecord({ folder, mode: "write", ...CLOCK });
    using said = LogRecords.start();
    try {
      await record.instances.enter(INSTANCE);
      assert.equal(outcomeOf(await record.journal.begin(entry("early"), FREE, NOW)), "begun");
      const newer = new DatabaseSync(join(folder, TRADING_DATABASE));
      newer.exec("PRAGMA user_version = 1000");
      newer.close();
      await checkStopped(record);
      assert.equal(said.of("trading stops; restart this server").length, 1);
    } finally {
      await record.close();
    }
  }));

/** Until somebody waits for a lock in a database. */
async function untilWaiting(database: string): Promise<void> {
  const text =
    `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = '${database}'`;
  const look = async () => (await server.query(text, database)).rows[0].n;
  await lookUntil((count: number) => count > 0, look, "nobody waits for the change");
}

/** What the next version does to a database, and waits in the middle of it. */
async function upgrade(database: string, meanwhile: () => Promise<void>): Promise<void> {
  const client = await server.connect(database);
  await client.query("BEGIN; SET search_path = luno_mcp; SELECT 1 FROM audit_head FOR UPDATE");
  await client.query("UPDATE schema_version SET version = 1000; UPDATE audit_head SET schema_version = 1000");
  await meanwhile();
  await client.query("COMMIT");
  await client.end();
}

Deno.test("a server sends nothing more from the moment a newer version has changed its database", () =>
  inFolder(async (folder) => {
    const database = await server.createDatabase();
    const access = accessOf(server.url(database));
    const record = await openPostgresRecord(access, { folder, mode: "write", patienceMs: 20_000, ...CLOCK });
    using said = LogRecords.start();
    try {
      await record.instances.enter(INSTANCE);
      assert.equal(outcomeOf(await record.journal.begin(entry("early"), FREE, NOW)), "begun");
      let waiting: Promise<unknown> | undefined;
      await upgrade(database, async () => {
        waiting = record.journal.begin(entry("waits"), FREE, NOW).then(outcomeOf, (error) => error);
        await untilWaiting(database);
      });
      assert.ok(isOutdated(await waiting), "an order that waited for it");
      await checkStopped(record);
      assert.equal(said.messages.filter((message) => message.includes("restart this server")).length, 1);
      await assert.rejects(
        openPostgresRecord(access, { folder, mode: "write", ...CLOCK }),
        /written by a newer version of this program: its schema is 1000/,
      );
    } finally {
      await record.close();
    }
  }));

Deno.test("a key that waits for a newer version to change the tables is not created", async () => {
  const database = await server.createDatabase();
  const keys = await openKeysAt(server.url(database));
  try {
    const client = await server.connect(database);
    await client.query("BEGIN; SET search_path = luno_mcp");
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query("UPDATE schema_version SET version = 1000");
    const waiting = createKey(keys, { name: "ann", scopes: ["market:read"], now: NOW }).catch((error) => error);
    await untilWaiting(database);
    await client.query("COMMIT");
    await client.end();
    const error = await waiting;
    assert.ok(error instanceof StateError && error.failure === "outdated", String(error));
    assert.deepEqual(await keys.list(), []);
  } finally {
    await keys.close();
  }
});

/** A database of the version before, on which one of its servers runs. */
async function createUsed(): Promise<string> {
  const database = await server.createDatabase();
  const client = await server.connect(database);
  const before = MIGRATIONS.length - 1;
  await client.query("CREATE SCHEMA luno_mcp; SET search_path = luno_mcp");
  await client.query("CREATE TABLE schema_version (only_row integer PRIMARY KEY, version integer NOT NULL)");
  await client.query(`INSERT INTO schema_version VALUES (1, ${before})`);
  for (const statements of MIGRATIONS.slice(0, before)) await client.query(statements);
  await client.query(
    `INSERT INTO instances (id, pid, command, started_at, accounts, lease_until)
       VALUES ('0123456789abcdef', 1, 'serve', 1, 'main', clock_timestamp() + interval '60 s')`,
  );
  await client.end();
  return database;
}

const versionOf = async (database: string) =>
  (await server.query("SELECT version FROM luno_mcp.schema_version", database)).rows[0].version;

Deno.test("a command changes no database of an earlier version while a server runs on it, and says what to do", () =>
  inFolder(async (folder) => {
    const database = await createUsed();
    const flags = { "state-url": server.url(database) };
    const refused = await runnerOf(keys)(flags, { operands: ["create", "ann"] });
    assert.equal(refused.code, 2, refused.stdout + refused.stderr);
    assert.match(refused.stderr, /as a server runs on it with an earlier version .*restart the servers with this one/);
    assert.equal(await versionOf(database), MIGRATIONS.length - 1);
    // Whoever halts wants just that.
    const halted = await runnerOf(kill)({ ...flags, state: folder, reason: "test" }, {});
    assert.equal(halted.code, 0, halted.stdout + halted.stderr);
    assert.equal(await versionOf(database), MIGRATIONS.length);
  }));

Deno.test("a server of a newer version changes the database under those of an earlier one, and reports that", () =>
  inFolder(async (folder) => {
    const database = await createUsed();
    using said = LogRecords.start();
    const options = { folder, mode: "write", mayOvertake: true, ...CLOCK } as const;
    const record = await openPostgresRecord(accessOf(server.url(database)), options);
    await record.close();
    assert.equal(await versionOf(database), MIGRATIONS.length);
    assert.ok(said.messages.some((message) => message.includes("send no orders until they are restarted")));
  }));
