import assert from "node:assert/strict";
import { PostgresServer } from "../postgres_server.ts";
import { MIGRATIONS } from "../../../src/state/record/postgres/schema.ts";
import { openPostgresRecord } from "../../../src/state/record/postgres/open_record.ts";
import type { AuditRow } from "../../../src/trading/record/audit_row.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { accessOf } from "../open_postgres.ts";
import { checkFilled, fillings } from "./filled_tables.ts";
import { checkOldRecord, readOldRows } from "./old_record.ts";
import { createTemplate, startPostgresRecordIn } from "./postgres_record.ts";
import { RECORD_PROMISES } from "./record_suite.ts";

/** Steps of the schema of the version before accounts. */
const BEFORE_ACCOUNTS = 2;

let server: PostgresServer;
let template: string;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
  template = await createTemplate(server);
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const copy = () => server.createDatabase(`TEMPLATE ${template}`);

for (const [promise, check] of Object.entries(RECORD_PROMISES)) {
  Deno.test(`the record on postgres: ${promise}`, async () => {
    await using installation = await startPostgresRecordIn(server, await copy());
    await check(installation);
  });
}

Deno.test("openPostgresRecord() opens a record from before accounts were distinguished, and its audit stays valid", async () => {
  const database = await createOldRecord();
  await withOpened(database, checkOldRecord);
});

Deno.test("openPostgresRecord() migrates the tables of an earlier version, however long a statement takes", async () => {
  const database = await createOldRecord();
  await server.query(SLOW_UPDATE, database);
  await withOpened(database, async ({ journal }) => {
    assert.equal((await journal.find("lm-paper-open"))?.account, "paper");
  });
});

for (const version of MIGRATIONS.keys()) {
  // The first version had keys alone.
  if (version < 2) continue;
  Deno.test(`a record on postgres of schema version ${version} with rows in all tables keeps working`, async () => {
    const database = await server.createDatabase();
    await createSchema(database, version);
    const columns = await columnsOf(database);
    await server.query(["SET search_path = luno_mcp", ...fillings(columns)].join(";\n"), database);
    await withOpened(database, (record) => checkFilled(record, columns));
  });
}

/** The columns of each table of the record, but for those that fill themselves. */
async function columnsOf(database: string): Promise<Map<string, string[]>> {
  const { rows } = await server.query(
    `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'luno_mcp'
       AND is_identity = 'NO' AND table_name <> 'keys' AND table_name NOT LIKE 'paper%'`,
    database,
  );
  const columns = new Map<string, string[]>();
  for (const { table_name: table, column_name: column } of rows) {
    columns.set(table, [...columns.get(table) ?? [], column]);
  }
  return columns;
}

/** A record of the version before accounts; answers its database. */
async function createOldRecord(): Promise<string> {
  const database = await server.createDatabase();
  await createSchema(database, BEFORE_ACCOUNTS);
  await server.query(`SET search_path = luno_mcp; ${await readOldRows("postgres")}`, database);
  return database;
}

/** Makes the tables of an earlier version. */
async function createSchema(database: string, version: number): Promise<void> {
  const table =
    "CREATE TABLE schema_version (only_row integer PRIMARY KEY CHECK (only_row = 1), version integer NOT NULL)";
  const statements = [
    "CREATE SCHEMA luno_mcp",
    "SET search_path = luno_mcp",
    `${table}; INSERT INTO schema_version VALUES (1, ${version})`,
    ...MIGRATIONS.slice(0, version),
  ];
  await server.query(statements.join(";\n"), database);
}

async function withOpened(database: string, body: (record: TradingRecord) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const record = await openPostgresRecord(accessOf(server.url(database)), {
      ...{ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() },
    });
    try {
      await body(record);
    } finally {
      await record.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** As long as an update of many rows: longer than orders may take. */
const SLOW_UPDATE = `
  CREATE FUNCTION luno_mcp.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$;
  CREATE TRIGGER slow BEFORE UPDATE ON luno_mcp.placements EXECUTE FUNCTION luno_mcp.slow()`;

Deno.test("the record on postgres finds the trail of an order by an index", async () => {
  const database = await server.createDatabase();
  await withOpened(database, async () => {
    await server.query(MANY_ROWS, database);
    await server.query("ANALYZE luno_mcp.audit", database);
  });
  const before = await rowsRead(database);
  let found: AuditRow[][] = [];
  await withOpened(database, async ({ audit }) => {
    const queries = [
      { orderId: "BX7" },
      { clientOrderId: "lm-7" },
      { orderId: "BX7", clientOrderId: "BX7" },
      { orderId: "BX7", identity: "key:alice" },
    ];
    found = await Promise.all(queries.map(async (query) => [...await audit.trail(query)]));
  });
  for (const rows of found) assert.deepEqual(rows.map(({ seq }) => seq), [13, 14]);
  // A connection counts what it read when it ends.
  let read = 0;
  while (read < found.flat().length) read = await rowsRead(database) - before;
  assert.ok(read < 200, `it read ${read} rows`);
});

/** Two rows of each of 10,000 orders; only the second carries the exchange's id. */
const MANY_ROWS = `INSERT INTO luno_mcp.audit
  SELECT n, n, 'key:alice', 'outcome', 'lm-' || (n + 1) / 2, CASE n % 2 WHEN 0 THEN 'BX' || n / 2 END, '{}', '', '', NULL, 'main'
  FROM generate_series(1, 20000) AS n`;

/** Rows of the audit that were read so far, one after the other or by an index. */
async function rowsRead(database: string): Promise<number> {
  const { rows: [row] } = await server.query(
    "SELECT seq_tup_read + idx_tup_fetch AS read FROM pg_stat_user_tables WHERE relname = 'audit'",
    database,
  );
  return Number(row.read);
}

/** The promise that each breaks. */
const BROKEN_PROMISES = {
  losing: "Halts.pull() stops new orders of every process at once, and survives a restart",
  early: "what was answered is found again by all processes, and after all have closed",
  racing: "Journal.begin() in two processes at once lets them reach a limit per day together, not exceed it",
  reusing: "Previews are used once: by an order that begins, or by an approval request",
  lending: "Previews are used only by their caller, and stay available to it",
  timeless: "Previews expire with their time, and when the clock was set back",
  unstoppable: "Halts.pull() stops new orders of every process at once, and survives a restart",
  holding: "CallClaims.claim() gives a key to one call at a time, and distinguishes equal calls from others",
  answering: "Approvals.take() gives an answer to one call, in time, in any process",
} as const;

for (const [fault, promise] of Object.entries(BROKEN_PROMISES)) {
  Deno.test(`the suite fails for an engine of the record on postgres that is ${fault}`, async () => {
    const check = RECORD_PROMISES[promise];
    assert.ok(check !== undefined);
    await using installation = await startPostgresRecordIn(server, await copy(), fault);
    await assert.rejects(async () => await check(installation), assert.AssertionError);
  });
}
