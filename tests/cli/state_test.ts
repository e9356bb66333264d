import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { audit } from "../../src/cli/audit.ts";
import { keys } from "../../src/cli/keys.ts";
import { state } from "../../src/cli/state.ts";
import { InstanceLock } from "../../src/state/instance_lock.ts";
import { KEYS, PAPER_TABLES, RECORD_TABLES } from "../../src/state/record/move/tables.ts";
import { openPaperLedger, PAPER_FILE } from "../../src/state/record/sqlite/open_paper_ledger.ts";
import { writeArchiveFile } from "../../src/state/record/archive_files.ts";
import { KEYS_FILE } from "../../src/state/record/sqlite/open_keys.ts";
import { TRADING_DATABASE } from "../../src/state/record/sqlite/trading_database.ts";
import { tamper } from "../trading/stores.ts";
import type { PaperLedger } from "../../src/simulation/paper/ledger.ts";
import { PaperTrader } from "../state/paper_orders.ts";
import { openPaperAt } from "../state/postgres_paper.ts";
import { PostgresServer } from "../state/postgres_server.ts";
import { clear, dump, installRecord, killInTheMiddle, ORDERS, tradeOnPaper } from "./moved_record.ts";
import { runnerOf } from "./trading_commands.ts";
import { TestWorld } from "./world.ts";

let server: PostgresServer;

Deno.test.beforeAll(async () => {
  server = await PostgresServer.start();
});

Deno.test.afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const run = runnerOf(state);
const runAudit = runnerOf(audit);
const runKeys = runnerOf(keys);

const MOVE = { operands: ["move"], json: true, env: { LUNO_API_KEY: "thekey" } };
async function countOf(database: string, table: string): Promise<number> {
  const { rows } = await server.query(`SELECT count(*)::int AS count FROM luno_mcp.${table}`, database);
  return rows[0].count;
}

async function verified(flags: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await runAudit(flags, { operands: ["verify"], json: true });
  assert.equal(code, 0, stdout + stderr);
  return JSON.parse(stdout).head;
}

Deno.test("state move copies a record to PostgreSQL and back without any difference", async () => {
  await using installed = await installRecord(server);
  const { folder, url, database } = installed;
  await tradeOnPaper(folder);
  const before = dump(folder);
  const head = await verified({ state: folder });
  const there = await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  assert.equal(there.code, 0, there.stdout + there.stderr);
  const { from, to, rows, audit } = JSON.parse(there.stdout);
  assert.deepEqual([from, to, rows.placements, rows.keys, rows.calls], [folder, url, ORDERS, 2, 2]);
  assert.equal(audit.head, head);
  assert.equal(await verified({ state: folder, "state-url": url }), head);
  for (const { name } of [...RECORD_TABLES, ...PAPER_TABLES, KEYS]) {
    assert.equal(await countOf(database, name), rows[name], name);
  }
  assert.deepEqual([rows.paper_identities, rows.paper_orders], [2, 6]);
  assert.ok(PAPER_TABLES.every(({ name }) => rows[name] > 0), JSON.stringify(rows));
  const venue = await server.query("SELECT exchange AS name FROM luno_mcp.accounts ORDER BY id", database);
  assert.match(venue.rows[0].name, /^api\.luno\.com with key [0-9a-f]{12}$/);
  assert.equal(venue.rows[1].name, "api.luno.com with key 00112233aabb");
  assert.deepEqual(dump(folder), before);

  await clear(folder);
  const back = await run({ state: folder, "state-url": url, from: "postgres" }, MOVE);
  assert.equal(back.code, 0, back.stdout + back.stderr);
  assert.deepEqual(dump(folder), before);
  assert.equal(await verified({ state: folder }), head);
  const listed = await runKeys({ state: folder }, { operands: ["list"], json: true });
  assert.deepEqual(
    JSON.parse(listed.stdout).keys.map(({ name, state }: { name: string; state: string }) => [name, state]),
    [["ann", "revoked"], ["bob", "live"]],
  );
});

Deno.test("paper traders continue after a move, with their balances, open orders and numbers", async () => {
  await using installed = await installRecord(server);
  const { folder, url } = installed;
  await tradeOnPaper(folder);
  const identity = "key:ann";
  const clock = { timeoutMs: 0, monotonic: () => performance.now() };
  const seen = async (ledger: PaperLedger) => ({
    accounts: await ledger.openAccounts({ identity, currencies: [], nowMs: 10 }),
    orders: await ledger.orders(identity, { limit: 10, atMs: 10 }),
    epoch: await ledger.epochOf(identity),
  });
  const before = await openPaperLedger({ path: join(folder, PAPER_FILE), ...clock });
  const expected = await seen(before);
  await before.close();
  assert.equal((await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE)).code, 0);
  const after = await openPaperAt(url);
  try {
    assert.deepEqual(await seen(after), expected);
    const trader = await PaperTrader.open(after, identity);
    const placed = await trader.place({ limitPrice: 3 });
    const [latest] = await after.orders(identity, { limit: 1, atMs: 10 });
    assert.equal(latest?.id, placed.id);
  } finally {
    await after.close();
  }
});

Deno.test("state move back treats identical paper accounts at the target as moved, and refuses others", async () => {
  await using installed = await installRecord(server);
  const { folder, url } = installed;
  await tradeOnPaper(folder);
  const before = dump(folder);
  await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  const remove = async () => {
    for await (const { name } of Deno.readDir(folder)) {
      if (/^(trading|keys)\.db/.test(name)) await Deno.remove(join(folder, name));
    }
  };
  await remove();
  const { code, stderr } = await run({ state: folder, "state-url": url, from: "postgres" }, MOVE);
  assert.equal(code, 0, stderr);
  assert.deepEqual(dump(folder), before);
  await remove();
  const paper = new DatabaseSync(join(folder, PAPER_FILE));
  paper.exec("UPDATE accounts SET balance = '7' WHERE identity = 'key:ann'");
  paper.close();
  const refused = await run({ state: folder, "state-url": url, from: "postgres" }, MOVE);
  assert.equal(refused.code, 1);
  assert.match(JSON.parse(refused.stderr).error.message, /is not empty: there are rows of paper_accounts: /);
  assert.deepEqual(dump(folder)["placements"], []);
});

Deno.test("state move back treats keys at the target as moved, since it commits them first", async () => {
  await using installed = await installRecord(server);
  const { folder, url } = installed;
  const before = dump(folder);
  await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  for (const end of ["", "-wal", "-shm"]) {
    await Deno.remove(join(folder, `${TRADING_DATABASE}${end}`)).catch(() => {});
  }
  const { code, stderr } = await run({ state: folder, "state-url": url, from: "postgres" }, MOVE);
  assert.equal(code, 0, stderr);
  assert.deepEqual(dump(folder), before);
});

Deno.test("state move refuses a database with keys of its own", async () => {
  await using installed = await installRecord(server);
  const { folder, url, database } = installed;
  await runKeys({ "state-url": url }, { operands: ["create", "own"] });
  const { code, stderr } = await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  assert.equal(code, 1);
  assert.match(JSON.parse(stderr).error.message, /is not empty: there are rows of keys: /);
  assert.equal(await countOf(database, "placements"), 0);
});

Deno.test("state move leaves a database that can be used: sequences continue, and new keys work", async () => {
  await using installed = await installRecord(server);
  const { folder, url } = installed;
  await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  const created = await runKeys({ "state-url": url }, { operands: ["create", "cyd"], json: true });
  assert.equal(created.code, 0, created.stderr);
  const listed = await runKeys({ "state-url": url }, { operands: ["list"], json: true });
  assert.equal(JSON.parse(listed.stdout).keys.length, 3);
});

Deno.test("state move reports on a terminal what was copied, and that the source is unchanged", async () => {
  await using installed = await installRecord(server);
  const { folder, url } = installed;
  const { stdout } = await run({ state: folder, "state-url": url, from: "sqlite" }, { ...MOVE, json: false });
  assert.match(
    stdout,
    /^Copied and verified: 200 orders, 2 API keys, paper accounts of 0 clients, 60\d rows of the audit log\n/,
  );
  assert.match(stdout, /previews and dialogs, which last for minutes, are not copied/);
  assert.ok(stdout.includes(`  from    ${folder}\n  to      ${url}\n`), stdout);
});

for (const from of ["sqlite", "postgres"] as const) {
  Deno.test(`state move from ${from} refuses a target that is not empty, and changes nothing there`, async () => {
    await using installed = await installRecord(server);
    const { folder, url, database } = installed;
    const flags = { state: folder, "state-url": url };
    assert.equal((await run({ ...flags, from: "sqlite" }, MOVE)).code, 0);
    const before = dump(folder);
    const { code, stderr } = await run({ ...flags, from }, MOVE);
    assert.equal(code, 1);
    assert.match(
      JSON.parse(stderr).error.message,
      /^Cannot move to .* as it is not empty: there are rows of .*placements/,
    );
    assert.deepEqual(dump(folder), before);
    assert.equal(await countOf(database, "placements"), ORDERS);
  });

  Deno.test(`state move from ${from} refuses a folder that a server uses`, async () => {
    await using installed = await installRecord(server);
    const { folder, url, database } = installed;
    const flags = { state: folder, "state-url": url };
    if (from === "postgres") {
      assert.equal((await run({ ...flags, from: "sqlite" }, MOVE)).code, 0);
      await clear(folder);
    }
    const lock = InstanceLock.take(folder);
    try {
      const { code, stderr } = await run({ ...flags, from }, MOVE);
      assert.equal(code, 1);
      assert.match(JSON.parse(stderr).error.message, /^Cannot move as .* is in use: a server runs on it: end it/);
      if (from === "sqlite") assert.equal(await countOf(database, "placements"), 0);
      else assert.deepEqual(dump(folder)["placements"], []);
    } finally {
      lock.release();
    }
  });

  Deno.test(`state move from ${from} refuses a database that a server uses`, async () => {
    await using installed = await installRecord(server);
    const { folder, url, database } = installed;
    const flags = { state: folder, "state-url": url };
    if (from === "postgres") {
      await run({ ...flags, from: "sqlite" }, MOVE);
      await clear(folder);
    } else await runKeys({ "state-url": url }, { operands: ["list"] });
    await server.query(
      `INSERT INTO luno_mcp.instances (id, pid, command, started_at, accounts, lease_until)
         VALUES ('0123456789abcdef', 1, 'serve', 1, 'main', clock_timestamp() + interval '5 s')`,
      database,
    );
    const used = await run({ ...flags, from }, MOVE);
    assert.equal(used.code, 1);
    assert.match(JSON.parse(used.stderr).error.message, /^Cannot move as postgres:.* is in use: a server runs on it/);
    await server.query("UPDATE luno_mcp.instances SET lease_until = '-infinity'", database);
    const ended = await run({ ...flags, from }, MOVE);
    assert.equal(ended.code, 0, ended.stderr);
  });

  Deno.test(`state move from ${from} that is killed midway leaves the target empty, and can be repeated`, async () => {
    await using installed = await installRecord(server);
    const { folder, url, database } = installed;
    const flags = { state: folder, "state-url": url };
    const before = dump(folder);
    if (from === "postgres") {
      await run({ ...flags, from: "sqlite" }, MOVE);
      await clear(folder);
    } else await runKeys({ "state-url": url }, { operands: ["list"] });
    await killInTheMiddle([from, folder, url]);
    if (from === "sqlite") {
      assert.deepEqual([await countOf(database, "placements"), await countOf(database, "keys")], [0, 0]);
    } else {
      const { placements, keys } = dump(folder);
      assert.deepEqual([placements, keys], [[], []]);
    }
    const again = await run({ ...flags, from }, MOVE);
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(dump(folder), before);
  });
}

Deno.test("state move keeps an archive's path: its files stay in place, and the copy is verified with them", async () => {
  await using installed = await installRecord(server);
  const { folder, url } = installed;
  const database = new DatabaseSync(join(folder, TRADING_DATABASE));
  const rows = database.prepare("SELECT * FROM audit ORDER BY seq").all();
  const head = await verified({ state: folder });
  writeArchiveFile(
    folder,
    rows.slice(0, 3).map((row) => ({
      seq: Number(row["seq"]),
      at: Number(row["at"]),
      identity: String(row["identity"]),
      event: String(row["event"]),
      clientOrderId: row["client_order_id"] as string | null,
      orderId: row["order_id"] as string | null,
      data: String(row["data"]),
      previous: String(row["previous"]),
      hash: String(row["hash"]),
      venue: row["venue"] as string | null,
      account: row["account"] as string | null,
    })),
  );
  database.exec(`UPDATE audit_start SET seq = 3, hash = '${rows[2]?.["hash"]}'; DELETE FROM audit WHERE seq <= 3`);
  database.close();
  const { code, stdout, stderr } = await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  assert.equal(code, 0, stderr);
  const { audit } = JSON.parse(stdout);
  assert.deepEqual([audit.head, audit.archived], [head, 3]);
});

Deno.test("state move refuses a record whose audit is broken, and leaves nothing at the target", async () => {
  await using installed = await installRecord(server);
  const { folder, url, database } = installed;
  tamper(folder, "UPDATE day_use SET amount = '1'");
  const { code, stderr } = await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  assert.equal(code, 1);
  assert.match(JSON.parse(stderr).error.message, /^Cannot move .* as its audit is broken/);
  assert.equal(await countOf(database, "placements"), 0);
});

Deno.test("state move leaves nothing at the target when a row that is read back differs", async () => {
  await using installed = await installRecord(server);
  const { folder, url, database } = installed;
  await runKeys({ "state-url": url }, { operands: ["list"] });
  await server.query(
    `CREATE FUNCTION luno_mcp.twist() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN IF NEW.client_order_id = 'lm-7' THEN NEW.reason = 'other'; END IF; RETURN NEW; END $$;
     CREATE TRIGGER twisted BEFORE INSERT ON luno_mcp.placements FOR EACH ROW EXECUTE FUNCTION luno_mcp.twist()`,
    database,
  );
  const { code, stderr } = await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  assert.equal(code, 1);
  assert.match(
    JSON.parse(stderr).error.message,
    /as table placements differs there from what was read: nothing was kept$/,
  );
  assert.deepEqual([await countOf(database, "placements"), await countOf(database, "keys")], [0, 0]);
});

Deno.test("state move leaves nothing at the target when it is interrupted", async () => {
  await using installed = await installRecord(server);
  const { folder, url, database } = installed;
  const world = new TestWorld({ env: MOVE.env });
  world.interrupt();
  const flags = { state: folder, "state-url": url, from: "sqlite" };
  assert.equal(await state(flags, { world, problems: [], operands: ["move"], json: false }), 1);
  assert.match(world.stderr.text, /^Cannot move as it was interrupted: nothing was kept/);
  assert.equal(await countOf(database, "placements"), 0);
});

Deno.test("state move refuses a database and a folder of a newer version", async () => {
  await using installed = await installRecord(server);
  const { folder, url, database } = installed;
  const flags = { state: folder, "state-url": url, from: "sqlite" };
  await runKeys({ "state-url": url }, { operands: ["list"] });
  await server.query("UPDATE luno_mcp.schema_version SET version = 99", database);
  const there = await run(flags, MOVE);
  assert.equal(there.code, 1);
  assert.match(JSON.parse(there.stderr).error.message, /written by a newer version of this program: its schema is 99/);
  tamper(folder, "PRAGMA user_version = 99");
  const here = await run(flags, MOVE);
  assert.equal(here.code, 1);
  assert.match(JSON.parse(here.stderr).error.message, /trading\.db as it was written by a newer version/);
});

Deno.test("state move refuses a source whose keys are older than the folder expects", async () => {
  await using installed = await installRecord(server);
  const { folder, url } = installed;
  await Deno.remove(join(folder, KEYS_FILE));
  const { code, stderr } = await run({ state: folder, "state-url": url, from: "sqlite" }, MOVE);
  assert.equal(code, 1);
  assert.match(JSON.parse(stderr).error.message, /^Cannot move: expected the API keys that were made here/);
});

Deno.test("state move requires both ends, the direction, and for a database the exchange's key", async () => {
  await using installed = await installRecord(server);
  const { folder, url } = installed;
  const nothing = await run({ state: folder }, { operands: ["move"] });
  assert.equal(nothing.code, 2);
  assert.match(
    nothing.stderr,
    /^--from: expected where orders and keys are now, sqlite or postgres: not set\n--state-url: /,
  );
  const keyless = await run({ state: folder, "state-url": url, from: "sqlite" }, { operands: ["move"] });
  assert.equal(keyless.code, 1);
  assert.match(keyless.stderr, /^Cannot move as a database holds the orders of one API key: set LUNO_API_KEY/);
});
