import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { link } from "./link.ts";
import { readBytes, readNumber, readOptionalNumber, readText } from "../../src/state/row.ts";
import { inTransaction, makeDurable, openDatabase } from "../../src/state/sqlite.ts";
import { StateError } from "../../src/state/state_error.ts";

const ONE = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT";
const TWO =
  "ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'white'; INSERT INTO notes (text) VALUES ('two')";

/** Runs `body` with the path of a database whose folder does not exist yet. */
async function withPath(body: (path: string) => void | Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(join(dir, "state", "luno", "test.db"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}

Deno.test("openDatabase() creates a file and a folder that only their owner can read", () =>
  withPath(async (path) => {
    const database = openDatabase(path, { migrations: [ONE] });
    assert.deepEqual([await modeOf(path), await modeOf(dirname(path)), await modeOf(dirname(dirname(path)))], [
      0o600,
      0o700,
      0o700,
    ]);
    assert.deepEqual(["busy_timeout", "foreign_keys", "journal_mode"].map((name) => pragma(database, name)), [
      5_000,
      1,
      "delete",
    ]);
    database.close();
  }));

Deno.test("openDatabase() writes ahead, safe from power loss, when it must be durable", () =>
  withPath(async (path) => {
    const database = openDatabase(path, { migrations: [ONE], durable: true });
    const settings = ["journal_mode", "synchronous", "fullfsync", "checkpoint_fullfsync"];
    assert.deepEqual(settings.map((name) => pragma(database, name)), ["wal", 2, 1, 1]);
    database.exec("INSERT INTO notes (text) VALUES ('one')");
    assert.deepEqual([await modeOf(`${path}-wal`), await modeOf(`${path}-shm`)], [0o600, 0o600]);
    database.close();
  }));

Deno.test("openDatabase() migrates an older database to the current schema, each step once", () =>
  withPath((path) => {
    const first = openDatabase(path, { migrations: [ONE] });
    first.exec("INSERT INTO notes (text) VALUES ('one')");
    first.close();
    for (let times = 0; times < 2; times++) {
      const database = openDatabase(path, { migrations: [ONE, TWO] });
      assert.equal(pragma(database, "user_version"), 2);
      const rows = database.prepare("SELECT text, colour FROM notes ORDER BY id").all();
      assert.deepEqual(rows.map((row) => ({ ...row })), [
        { text: "one", colour: "white" },
        { text: "two", colour: "white" },
      ]);
      database.close();
    }
  }));

Deno.test("openDatabase() leaves a database unchanged when a step fails", () =>
  withPath((path) => {
    openDatabase(path, { migrations: [ONE] }).close();
    assert.throws(() => openDatabase(path, { migrations: [ONE, `${TWO}; SELECT nonsense`] }), StateError);
    const database = openDatabase(path, { migrations: [ONE] });
    assert.deepEqual(database.prepare("SELECT * FROM notes").all(), []);
    database.close();
  }));

Deno.test("openDatabase() refuses a database of a newer version", () =>
  withPath((path) => {
    openDatabase(path, { migrations: [ONE, TWO] }).close();
    for (const readOnly of [false, true]) {
      assert.throws(() => openDatabase(path, { migrations: [ONE], readOnly }), {
        name: "StateError",
        path,
        message:
          `Cannot open ${path} as it was written by a newer version of this program: its schema is 2, known is 1: ` +
          "use that version, or another --state folder",
      });
    }
  }));

Deno.test("openDatabase() reads, but neither creates, migrates nor writes, when it is read only", () =>
  withPath(async (path) => {
    assert.throws(() => openDatabase(path, { migrations: [ONE], readOnly: true }), StateError);
    await assert.rejects(Deno.stat(dirname(path)), Deno.errors.NotFound);
    openDatabase(path, { migrations: [ONE] }).close();
    assert.throws(() => openDatabase(path, { migrations: [ONE, TWO], readOnly: true }), {
      name: "StateError",
      message: /its schema is 1, known is 2/,
    });
    const database = openDatabase(path, { migrations: [ONE], readOnly: true });
    assert.throws(() => database.exec("INSERT INTO notes (text) VALUES ('one')"), /readonly/);
    database.close();
  }));

Deno.test("openDatabase() refuses a file that is not a database", () =>
  withPath(async (path) => {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(path, "precious ".repeat(200), { mode: 0o600 });
    assert.throws(() => openDatabase(path, { migrations: [ONE] }), {
      name: "StateError",
      path,
      message: `Cannot open ${path} as a database: file is not a database`,
    });
    assert.equal(await Deno.readTextFile(path), "precious ".repeat(200));
    assert.throws(() => openDatabase(dirname(path), { migrations: [ONE] }), StateError);
    assert.throws(() => openDatabase(join(path, "below.db"), { migrations: [ONE] }), StateError);
  }));

Deno.test("inTransaction() rolls back when its function throws", () =>
  withPath((path) => {
    const database = openDatabase(path, { migrations: [ONE] });
    const insert = (text: string) => database.prepare("INSERT INTO notes (text) VALUES (?)").run(text);
    assert.throws(() =>
      inTransaction(database, [ONE], () => {
        insert("lost");
        throw new RangeError("no");
      }), RangeError);
    assert.equal(inTransaction(database, [ONE], () => insert("kept").changes), 1);
    assert.deepEqual(database.prepare("SELECT text FROM notes").all().map((row) => readText(row, "text")), ["kept"]);
    database.close();
  }));

Deno.test("inTransaction() writes nothing from the moment a newer version has changed the tables", () =>
  withPath((path) => {
    const database = openDatabase(path, { migrations: [ONE], durable: true });
    const newer = openDatabase(path, { migrations: [ONE, TWO] });
    const insert = (into: DatabaseSync, text: string) => into.prepare("INSERT INTO notes (text) VALUES (?)").run(text);
    assert.throws(
      () => inTransaction(database, [ONE], () => insert(database, "lost")),
      (error) => error instanceof StateError && error.failure === "outdated" && error.path === path,
    );
    assert.equal(database.isTransaction, false);
    assert.equal(inTransaction(newer, [ONE, TWO], () => insert(newer, "kept").changes), 1);
    const kept = database.prepare("SELECT text FROM notes ORDER BY id").all().map((row) => readText(row, "text"));
    assert.deepEqual(kept, ["two", "kept"]);
    database.close();
    newer.close();
  }));

Deno.test("readText(), readNumber(), readOptionalNumber() and readBytes() refuse another type", () => {
  const row = { text: "a", number: 1, nothing: null, bytes: new Uint8Array([1]) };
  assert.deepEqual(
    [readText(row, "text"), readNumber(row, "number"), readOptionalNumber(row, "nothing"), readBytes(row, "bytes")],
    ["a", 1, undefined, row.bytes],
  );
  for (const read of [readText, readNumber, readOptionalNumber, readBytes]) {
    assert.throws(() => read(row, "missing"), TypeError);
  }
  assert.throws(
    () => readNumber(row, "text"),
    /Cannot read column text as it must be a number: current type is string/,
  );
});

Deno.test("makeDurable() refuses a database that cannot write ahead", () => {
  const database = new DatabaseSync(":memory:");
  try {
    assert.throws(
      () => makeDurable(database, "/state/trading.db"),
      (error) =>
        error instanceof StateError && /must be wal: current value is memory: use a folder/.test(error.message),
    );
  } finally {
    database.close();
  }
});

async function namesIn(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder), ({ name }) => name)).toSorted();
}

/** What may lie where a database is expected, and belongs to somebody else or leads elsewhere. */
const TRAPS: Readonly<Record<string, (path: string, victim: string) => Promise<void>>> = {
  "a link in its place": (path, victim) => link(victim, path),
  "a link in place of its log": (path, victim) => link(victim, `${path}-wal`),
  "a link in place of its index": (path, victim) => link(victim, `${path}-shm`),
  "a link in place of its journal": (path, victim) => link(victim, `${path}-journal`),
  "a link to nothing": (path) => link(`${path}.none`, path),
  "a log that others can write": async (path) => {
    await Deno.writeTextFile(`${path}-wal`, "");
    await Deno.chmod(`${path}-wal`, 0o666);
  },
  "a file that others can read": async (path) => {
    await Deno.writeTextFile(path, "");
    await Deno.chmod(path, 0o644);
  },
  "a folder that others can write to": async (path) => {
    await Deno.chmod(dirname(path), 0o777);
  },
};

for (const [name, prepare] of Object.entries(TRAPS)) {
  Deno.test(`openDatabase() refuses ${name} before it writes anything`, () =>
    withPath(async (path) => {
      await Deno.mkdir(dirname(path), { recursive: true });
      const victim = join(dirname(path), "victim");
      await Deno.writeTextFile(victim, "precious", { mode: 0o600 });
      await prepare(path, victim);
      const before = await namesIn(dirname(path));
      assert.throws(() => openDatabase(path, { migrations: [ONE], durable: true }), StateError);
      assert.equal(await Deno.readTextFile(victim), "precious");
      assert.deepEqual(await namesIn(dirname(path)), before);
    }));
}
