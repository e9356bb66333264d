import assert from "node:assert/strict";
import { createCertificates } from "../../src/transport/listeners/certificates.ts";
import type { DatabaseAccess } from "../../src/state/database_address.ts";
import { Database } from "../../src/state/record/postgres/database.ts";
import type { Session } from "../../src/state/record/postgres/database.ts";
import { prepareTables } from "../../src/state/record/postgres/migrate.ts";
import { Notices } from "../../src/state/record/postgres/notices.ts";
import { StateError } from "../../src/state/state_error.ts";
import type { StateFailure } from "../../src/state/state_error.ts";
import { accessOf } from "./open_postgres.ts";
import { PostgresServer } from "./postgres_server.ts";

const certificates = await createCertificates({ hosts: [], client: "test", now: Date.now() });
const others = await createCertificates({ hosts: [], client: "test", now: Date.now() });

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start({ tls: certificates.server });
  await server.query("CREATE ROLE ann LOGIN PASSWORD 'right'");
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

function at(change: Partial<DatabaseAccess["address"]>, more: Omit<DatabaseAccess, "address"> = {}): DatabaseAccess {
  return { address: { ...accessOf(server.url("postgres")).address, ...change }, ...more };
}

/** Fails so, and what it says has these words. */
function fails(failure: StateFailure, words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StateError, String(error));
    assert.equal(error.failure, failure, error.message);
    assert.match(error.message, words);
    return true;
  };
}

/** A database that is closed at the end, as the constructor alone does not say. */
class Opened extends Database implements AsyncDisposable {
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const WRONG: Readonly<Record<string, readonly [change: () => DatabaseAccess, failure: StateFailure, words: RegExp]>> = {
  "a port where nobody listens": [() => at({ port: 1 }), "unavailable", /cannot be reached/],
  "a host that does not exist": [() => at({ host: "db.invalid" }), "unavailable", /cannot be reached/],
  "a wrong password": [
    () => at({ user: "ann" }, { password: () => Promise.resolve("wrong") }),
    "unusable",
    /refused user or password/,
  ],
  "a user that does not exist": [
    () => at({ user: "bob" }, { password: () => Promise.resolve("any") }),
    "unusable",
    /refused user or password/,
  ],
  "a password that is not given": [() => at({ user: "ann" }), "unusable", /needs a password/],
  "a database that does not exist": [() => at({ database: "none" }), "unusable", /there is no such database/],
  "a certificate of another authority": [
    () => at({ sslMode: "verify-full", host: "localhost" }, { ca: others.authority.cert }),
    "unusable",
    /its certificate is not trusted/,
  ],
};

for (const [what, [access, failure, words]] of Object.entries(WRONG)) {
  Deno.test(`Database reports ${what}`, async () => {
    await using database = new Opened(access());
    await assert.rejects(database.read("SELECT 1"), fails(failure, words));
  });
}

Deno.test("Database connects over verified TLS, and refuses a server without it", async () => {
  const access = at({ sslMode: "verify-full" }, { ca: certificates.authority.cert });
  await using database = new Opened(access);
  const [row] = await database.read("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
  assert.equal(row?.["ssl"], true);
  await using plain = await PostgresServer.start();
  await using refused = new Opened({ ...access, address: { ...access.address, port: plain.port } });
  await assert.rejects(refused.read("SELECT 1"), fails("unusable", /it speaks no TLS, which is demanded/));
});

Deno.test("Database commits a transaction completely or not at all, and continues with the same connection", async () => {
  await using database = new Opened(at({ database: await server.createDatabase() }), { maxConnections: 1 });
  await database.write("CREATE SCHEMA luno_mcp");
  await database.write("CREATE TABLE t (n bigint PRIMARY KEY)");
  const reason = new RangeError("for this test");
  await assert.rejects(
    database.transaction(async ({ query }) => {
      await query("INSERT INTO t VALUES (1)");
      throw reason;
    }),
    reason,
  );
  await assert.rejects(
    database.transaction(async ({ query }) => {
      await query("INSERT INTO t VALUES (2)");
      await query("INSERT INTO t VALUES (2)");
    }),
    fails("damaged", /contradicts itself/),
  );
  await database.transaction(({ query }) => query("INSERT INTO t VALUES (3)"));
  assert.deepEqual((await database.read("SELECT n FROM t")).map(({ n }) => n), [3]);
});

Deno.test("Database reconnects by itself when the server was killed, and reports what it cannot know", async () => {
  await using database = new Opened(at({ database: await server.createDatabase() }));
  await database.write("CREATE TABLE pg_temp.t (n integer)");
  const asked = database.write("SELECT pg_sleep(1)");
  const read = database.read("SELECT pg_sleep(1)");
  const outcomes = Promise.all([
    assert.rejects(asked, fails("outcome_unknown", /Cannot tell whether/)),
    assert.rejects(read, fails("unavailable", /Cannot use/)),
  ]);
  await database.read("SELECT 1"); // Both others are on their way by now.
  await server.kill();
  await outcomes;
  await assert.rejects(database.read("SELECT 1"), fails("unavailable", /cannot be reached/));
  await server.restart();
  assert.deepEqual(await database.read("SELECT 1 AS n"), [{ n: 1 }]);
});

Deno.test("Database waits for a frozen server no longer than its limits, and continues when the server does", async () => {
  await using database = new Opened(at({}), { maxConnections: 1 });
  await database.read("SELECT 1");
  await server.pause();
  await assert.rejects(database.read("SELECT 1"), fails("unavailable", /does not answer/));
  await assert.rejects(database.read("SELECT 1"), fails("unavailable", /does not answer/));
  await server.resume();
  assert.deepEqual(await database.read("SELECT 1 AS n"), [{ n: 1 }]);
});

Deno.test("Database releases the locks of a stalled transaction", async () => {
  const access = at({ database: await server.createDatabase() });
  await using database = new Opened(access);
  await using other = new Opened(access);
  const [isHeld, still] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const held = database.transaction(async ({ query }) => {
    await query("SELECT pg_advisory_xact_lock(1)");
    isHeld.resolve();
    await still.promise;
    await query("SELECT 1");
  });
  const lost = assert.rejects(held, fails("unavailable", /Cannot use/));
  const lock = () => other.transaction(({ query }) => query("SELECT pg_advisory_xact_lock(1)"));
  try {
    await isHeld.promise;
    await assert.rejects(lock(), fails("busy", /keeps it locked/));
    await lock();
  } finally {
    still.resolve();
  }
  await lost;
});

Deno.test("Database gives one transaction other time limits, and the next one the usual ones", async () => {
  await using database = new Opened(at({}), { maxConnections: 1 });
  const limits = async ({ query }: Session) => {
    const shown = ["statement_timeout", "idle_in_transaction_session_timeout"].map((name) => query(`SHOW ${name}`));
    return (await Promise.all(shown)).flatMap(([row = {}]) => Object.values(row));
  };
  const usual = await database.transaction(limits);
  const longer = { statementMs: 60_000, idleMs: 120_000 };
  assert.deepEqual(await database.transaction(limits, longer), ["1min", "2min"]);
  assert.deepEqual(await database.snapshot(limits, longer), ["1min", "2min"]);
  assert.deepEqual(await database.snapshot(limits), usual);
});

Deno.test("prepareTables() creates the tables once, in any order of callers, and keeps existing ones", async () => {
  const access = at({ database: await server.createDatabase() });
  await using database = new Opened(access);
  await assert.rejects(prepareTables(database, { mayChange: false }), fails("unusable", /its schema is 0/));
  await Promise.all([1, 2, 3].map(() => prepareTables(database, { mayChange: true })));
  await prepareTables(database, { mayChange: false });
});

Deno.test("prepareTables() refuses a newer version, another program's tables, and a server that may lose commits", async () => {
  const name = await server.createDatabase();
  await using database = new Opened(at({ database: name }));
  await prepareTables(database, { mayChange: true });
  await server.query("UPDATE luno_mcp.schema_version SET version = 1000", name);
  await assert.rejects(prepareTables(database, { mayChange: true }), fails("unusable", /newer version/));
  const foreign = await server.createDatabase();
  await server.query("CREATE SCHEMA luno_mcp; CREATE TABLE luno_mcp.t (n integer)", foreign);
  await using elsewhere = new Opened(at({ database: foreign }));
  await assert.rejects(prepareTables(elsewhere, { mayChange: true }), fails("unusable", /another program's/));
  const lax = await server.createDatabase();
  await server.query(`ALTER DATABASE ${lax} SET synchronous_commit = off`);
  await using losing = new Opened(at({ database: lax }));
  await assert.rejects(prepareTables(losing, { mayChange: true }), fails("unusable", /synchronous_commit = on/));
});

Deno.test("Notices receives changes, and again after the server was killed", async () => {
  const access = at({ database: await server.createDatabase() });
  await using database = new Opened(access);
  let heard = Promise.withResolvers<string>();
  const next = async () => {
    const topic = await heard.promise;
    heard = Promise.withResolvers();
    return topic;
  };
  const notices = new Notices(access, { onChange: (topic) => heard.resolve(topic) });
  try {
    assert.equal(await next(), "anything");
    await database.write("SELECT pg_notify('luno_mcp', 'unknown'), pg_notify('luno_mcp', 'keys')");
    assert.equal(await next(), "keys");
    await server.kill();
    await server.restart();
    assert.equal(await next(), "anything");
  } finally {
    await notices.close();
  }
});

Deno.test("Notices.close() waits for no answer of a frozen server, neither connected nor while it connects", async () => {
  const access = at({ database: await server.createDatabase() });
  await using database = new Opened(access, { maxConnections: 1 });
  const heard = Promise.withResolvers<string>();
  const connected = new Notices(access, { onChange: heard.resolve });
  await heard.promise;
  await server.pause();
  const connecting = new Notices(access, { onChange: () => {} });
  let closed = 0;
  const closing = [connected, connecting].map((notices) => notices.close().then(() => closed++));
  try {
    await assert.rejects(database.read("SELECT 1"), fails("unavailable", /does not answer/));
    assert.equal(closed, 2);
  } finally {
    await server.resume();
    await Promise.all(closing);
  }
});
