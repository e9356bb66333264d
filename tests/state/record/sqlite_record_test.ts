/** What is SQLite's alone in the engine of the record: its file, its versions, its pages, its transactions. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { EXPECTED_RECORD } from "../../../src/state/record/sqlite/expected_record.ts";
import { openRecord } from "../../../src/state/record/sqlite/open_record.ts";
import { RecordConnection } from "../../../src/state/record/sqlite/connection.ts";
import { SqliteRecord } from "../../../src/state/record/sqlite/record.ts";
import { MIGRATIONS } from "../../../src/state/record/sqlite/record_schema.ts";
import { TRADING_DATABASE } from "../../../src/state/record/sqlite/trading_database.ts";
import { openDatabase } from "../../../src/state/sqlite.ts";
import { StateError } from "../../../src/state/state_error.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { ask } from "../../trading/approval_requests.ts";
import { entry, FREE, INSTANCE, MAIN, NOW, outcomeOf, place, tamper, withStore } from "../../trading/stores.ts";
import { checkFilled, fillings } from "./filled_tables.ts";
import { checkOldRecord, readOldRows } from "./old_record.ts";

/** Steps of the schema of the version before accounts. */
const BEFORE_ACCOUNTS = 8;

Deno.test("SqliteRecord.open() creates a folder and a file that only their owner can read", () =>
  withStore(async (_record, { folder }) => {
    const state = join(folder, "state");
    SqliteRecord.open({ folder: state, mode: "write" }).close();
    assert.equal((await Deno.stat(state)).mode ?? 0, 0o40700);
    assert.equal((await Deno.stat(join(state, TRADING_DATABASE))).mode ?? 0, 0o100600);
    assert.equal((await Deno.stat(join(state, EXPECTED_RECORD))).mode ?? 0, 0o100600);
  }));

Deno.test("SqliteRecord.open() refuses a folder whose record is gone, and creates none there without confirmation", () =>
  withStore(async (_record, { folder }) => {
    const state = join(folder, "state");
    SqliteRecord.open({ folder: state, mode: "write" }).close();
    await Deno.remove(join(state, TRADING_DATABASE));
    const isGone = (error: unknown) =>
      error instanceof StateError &&
      /^Cannot find trading\.db, .* put it back, or remove \S+\/trading-expected /.test(error.message);
    for (const mode of ["write", "read"] as const) {
      assert.throws(() => SqliteRecord.open({ folder: state, mode }), isGone);
    }
    assert.deepEqual(await Array.fromAsync(Deno.readDir(state), ({ name }) => name), [EXPECTED_RECORD]);
    await Deno.remove(join(state, EXPECTED_RECORD));
    SqliteRecord.open({ folder: state, mode: "write" }).close();
  }));

Deno.test("SqliteRecord.open() to read writes no marker, and accepts a record of a version without markers", () =>
  withStore(async (record, { folder }) => {
    place(record, "a");
    await Deno.remove(join(folder, EXPECTED_RECORD));
    SqliteRecord.open({ folder, mode: "read" }).close();
    await assert.rejects(Deno.lstat(join(folder, EXPECTED_RECORD)), Deno.errors.NotFound);
    SqliteRecord.open({ folder, mode: "write" }).close();
    assert.ok((await Deno.lstat(join(folder, EXPECTED_RECORD))).isFile);
  }));

Deno.test("SqliteRecord.open() refuses a record that a newer version has written, and leaves it unchanged", () =>
  withStore((record, { folder }) => {
    place(record, "a");
    tamper(folder, `PRAGMA user_version = ${MIGRATIONS.length + 1}`);
    for (const mode of ["write", "read"] as const) {
      const isNewer = (error: unknown) => error instanceof StateError && /newer version/.test(error.message);
      assert.throws(() => SqliteRecord.open({ folder, mode }), isNewer);
    }
    assert.equal(record.audit.verify().ok, true);
  }));

Deno.test("SqliteRecord.open() to write fails at once when another process keeps the record locked, to read it does not", () =>
  withStore((record, { folder }) => {
    place(record, "a");
    const other = new DatabaseSync(join(folder, TRADING_DATABASE));
    try {
      other.exec("BEGIN IMMEDIATE");
      const isBusy = (error: unknown) => error instanceof StateError && error.failure === "busy";
      assert.throws(() => SqliteRecord.open({ folder, mode: "write", busyMs: 1 }), isBusy);
      const reader = SqliteRecord.open({ folder, mode: "read" });
      assert.equal(reader.journal.open().length, 1);
      reader.close();
    } finally {
      other.close();
    }
  }));

Deno.test("SqliteRecord reports what is wrong with its file", () =>
  withStore((record, { folder }) => {
    tamper(folder, "ALTER TABLE placements RENAME TO elsewhere");
    const isTold = (error: unknown) => error instanceof StoreError && /state folder/.test(error.message);
    assert.throws(() => record.journal.begin(entry("a"), FREE, NOW), isTold);
  }));

Deno.test("SqliteRecord stores neither a one-time secret nor the secrets it was given", async () => {
  const folder = await Deno.makeTempDir();
  const secret = "mN4-tQ_8vZ1rK6yH3bW9cX5sL2dF7gJ0";
  const record = SqliteRecord.open({ folder, mode: "write", secrets: [secret] });
  try {
    const { token } = ask(record);
    record.audit.record({ event: "preview", identity: "key:ann", data: { reason: btoa(secret) } }, NOW);
    record.halts.pull({ by: "key:ann", reason: `stop ${secret}`, now: NOW });
    const bytes = await Deno.readFile(join(folder, `${TRADING_DATABASE}-wal`));
    const kept = new TextDecoder("latin1").decode(bytes);
    for (const text of [token, secret, btoa(secret).slice(0, 16)]) assert.ok(!kept.includes(text), text);
  } finally {
    record.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SqliteRecord.open() opens a record from before exchanges were distinguished, with its placements, sums and claims", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const before = MIGRATIONS.slice(0, 6);
    const old = openDatabase(join(folder, TRADING_DATABASE), { migrations: before, durable: true });
    const columns = `client_order_id, identity, paper, preview_id, idempotency_key, order_json, digest, policy_digest,
      state, order_id, is_alive, notional_currency, notional_amount, created_at`;
    const { digest, order } = entry("a");
    for (const [name, paper] of [["real", 0], ["paper", 1]] as const) {
      old.exec(
        `INSERT INTO placements (${columns}) VALUES ('lm-${name}', 'local', ${paper}, 'p-${name}', 'k-${name}',
           '${JSON.stringify(order)}', '${digest}', '', 'placed', 'BX${name}', 1, 'ZAR', '1000', ${NOW});
         INSERT INTO day_use VALUES ('local', ${paper}, 'ZAR', ${NOW}, '1000');
         INSERT INTO replaced VALUES ('BX${name}', ${paper}, 'local', 'r-${name}')`,
      );
    }
    old.close();
    const record = SqliteRecord.open({ folder, mode: "write" });
    const { journal } = record;
    assert.equal(journal.findByKey("local", "k-real", MAIN)?.orderId, "BXreal");
    assert.equal(journal.findByKey("local", "k-paper", { account: "paper", venue: "paper" })?.orderId, "BXpaper");
    assert.equal(journal.findByKey("local", "k-paper", MAIN), undefined);
    const counts = [{ venue: "" }, { venue: "paper" }, {}].map((scope) => journal.open(scope).length);
    assert.deepEqual(counts, [1, 1, 2]);
    const limited = { ...FREE, maxPerDay: { amount: "1500", currency: "ZAR" } };
    record.instances.enter({ ...INSTANCE, id: entry("a").instance });
    assert.equal(journal.begin(entry("b", { identity: "local" }), limited, NOW).kind, "refused");
    const fresh = entry("c", { identity: "local", account: "paper", venue: "paper-2" });
    assert.equal(journal.begin(fresh, limited, NOW).kind, "begun");
    const which = { venue: "paper-2", identity: "local", account: "paper", lastWithProcess: false, now: NOW };
    assert.equal(journal.endOthers(which), 1);
    assert.deepEqual([journal.open({ venue: "paper" }).length, journal.open({ venue: "" }).length], [0, 1]);
    record.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("SqliteRecord.open() opens a record from before accounts were distinguished, and its audit stays valid", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const before = MIGRATIONS.slice(0, BEFORE_ACCOUNTS);
    const old = openDatabase(join(folder, TRADING_DATABASE), { migrations: before, durable: true });
    old.exec(await readOldRows("sqlite"));
    old.close();
    const record = await openRecord({ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() });
    try {
      await checkOldRecord(record);
    } finally {
      await record.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const version of MIGRATIONS.keys()) {
  if (version === 0) continue;
  Deno.test(`a record of schema version ${version} with rows in all tables keeps working`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const path = join(folder, TRADING_DATABASE);
      const old = openDatabase(path, { migrations: MIGRATIONS.slice(0, version), durable: true });
      const columns = columnsOf(old);
      for (const statement of fillings(columns)) old.exec(statement);
      old.close();
      const record = await openRecord({ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() });
      try {
        await checkFilled(record, columns);
      } finally {
        await record.close();
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** The columns of each table. */
function columnsOf(database: DatabaseSync): Map<string, string[]> {
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  return new Map(tables.map(({ name }) => {
    const columns = database.prepare(`SELECT name FROM pragma_table_info('${name}')`).all();
    return [String(name), columns.map((column) => String(column["name"]))];
  }));
}

Deno.test("SqliteRecord: verify() finds damaged pages", () =>
  withStore((record, { folder, open }) => {
    place(record, "a");
    const database = new DatabaseSync(join(folder, TRADING_DATABASE));
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const { rootpage } = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_by_order'").get() ??
      {};
    const { page_size: size } = database.prepare("PRAGMA page_size").get() ?? {};
    database.close();
    using file = Deno.openSync(join(folder, TRADING_DATABASE), { write: true });
    file.seekSync((Number(rootpage) - 1) * Number(size), Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(Number(size)).fill(0xff));
    const found = open().audit.verify();
    assert.match(found.ok ? "nothing" : found.reason, /^the file is damaged \(.+\): restore it from a backup$/);
  }));

Deno.test("SqliteRecord halts when it cannot tell whether the halt file exists", () =>
  withStore((_record, { folder }) => {
    const path = join(folder, "other.db");
    const database = openDatabase(path, { migrations: MIGRATIONS });
    const state = new SqliteRecord(database, { folder: path }).halts.state(); // A file where the folder should be.
    database.close();
    assert.ok(state.halted);
    assert.match(state.reason, /cannot be searched/);
  }));

Deno.test("RecordConnection.transaction() keeps nothing of a change when part of it has failed, caught or not", () =>
  withStore((_record, { folder }) => {
    const database = openDatabase(join(folder, "other.db"), { migrations: ["CREATE TABLE kept (name TEXT)"] });
    const connection = new RecordConnection(database);
    const add = (name: string) => connection.run("INSERT INTO kept VALUES (?)", name);
    const partly = () =>
      connection.transaction(() => {
        add("a");
        try {
          connection.transaction(() => {
            add("b");
            throw new Error("no");
          });
        } catch {
          // As a caller does that takes the failure lightly.
        }
      });
    assert.throws(partly, TypeError);
    assert.deepEqual(connection.rows("SELECT name FROM kept"), []);
    connection.transaction(() => add("c"));
    assert.equal(connection.rows("SELECT name FROM kept").length, 1);
    connection.close();
  }));

Deno.test("SqliteRecord: nobody takes over from a frozen process", () =>
  withStore(async (record, { folder }) => {
    const permissions = ["--no-prompt", "--allow-read", "--allow-write=/tmp", "--allow-sys=uid"];
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", ...permissions, CALLER, folder],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value: id = "" } = await output.read();
    assert.equal(outcomeOf(record.journal.begin(entry("a", { instance: id }), FREE, NOW)), "begun");
    child.kill("SIGSTOP");
    assert.equal(record.instances.takeOver(INSTANCE.id, ["main"]), 0);
    child.kill("SIGKILL");
    await child.status;
    assert.equal(record.instances.takeOver(INSTANCE.id, ["main"]), 1);
    await Promise.all([output.cancel(), child.stdin.close()]);
  }));

const CALLER = new URL("./standing_process.ts", import.meta.url).pathname;
