import assert from "node:assert/strict";
import { join } from "node:path";
import { kill, resume } from "../../src/cli/kill.ts";
import { InstanceLock } from "../../src/state/instance_lock.ts";
import { HALT_FILE } from "../../src/trading/record/halts.ts";
import { MIGRATIONS } from "../../src/state/record/sqlite/record_schema.ts";
import { EXPECTED_RECORD } from "../../src/state/record/sqlite/expected_record.ts";
import { TRADING_DATABASE } from "../../src/state/record/sqlite/trading_database.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { entry, FREE, NOW, outcomeOf, tamper, withStore } from "../trading/stores.ts";
import { runnerOf } from "./trading_commands.ts";
import { link } from "../state/link.ts";
import { PresentServer } from "./present_server.ts";

const run = runnerOf(kill);

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name);
}

/** A record with a server that trades on it. */
function withServer(
  body: (store: SqliteRecord, context: { folder: string; server: PresentServer }) => Promise<void>,
): Promise<void> {
  return withStore(async (store, { folder }) => {
    using server = new PresentServer(folder);
    await body(store, { folder, server });
  });
}

Deno.test("kill halts trading on a running server at once, with the reason", () =>
  withServer(async (store, { folder: state }) => {
    const { code, stdout, stderr } = await run({ state, reason: "strange fills" });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^Trading is halted in .*\n {2}used by process 4711 .*\n {2}open orders stay open; /);
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
    assert.deepEqual(store.cancelRequests.all(), []);
    const status = await run({ state, status: "true" });
    const sentence = `Trading is halted in ${state} since 2026-11-22T10:00:00.000Z by terminal: strange fills\n`;
    assert.ok(status.stdout.startsWith(sentence), status.stdout);
  }));

Deno.test("kill reports which orders were already sent, and until when the exchange accepts them", () =>
  withServer(async (store, { folder: state }) => {
    store.journal.begin(entry("a"), FREE, NOW);
    const { stdout } = await run({ state });
    assert.match(
      stdout,
      /were sent before.*\n {4}lm-a {2}BUY XBTZAR, taken by the exchange until 2026-11-22T10:00:05.000Z/,
    );
    const json = JSON.parse((await run({ state }, { json: true })).stdout);
    const left = { client_order_id: "lm-a", side: "BUY", pair: "XBTZAR", valid_until: "2026-11-22T10:00:05.000Z" };
    assert.deepEqual([json.halted, json.on_their_way], [true, [left]]);
    assert.match(
      (await run({ state, status: "true" })).stdout,
      /were sent before and may still be placed:\n {4}lm-a {2}BUY/,
    );
  }));

Deno.test("kill names the folder and the servers that it halts, and reports everything as JSON", () =>
  withServer(async (_store, { folder: state, server }) => {
    const line =
      "process 4711 (serve): ws://localhost:8765, http://localhost:8765/mcp, trading confirm, started 5 min ago";
    assert.ok((await run({ state })).stdout.startsWith(
      `Trading is halted in ${state}: no new order is sent\n  used by ${line}\n`,
    ));
    const halted = JSON.parse((await run({ state }, { json: true })).stdout);
    assert.deepEqual([halted.state, halted.servers.length, halted.servers[0].id], [state, 1, server.id]);
    assert.deepEqual([halted.servers[0].state, halted.servers[0].trading.mode], ["running", "confirm"]);
    assert.match((await run({ state, status: "true" })).stdout, /^ {2}used by process 4711/m);
    const lifted = await run({ state, lift: "true" });
    assert.equal(lifted.stdout, `Trading is resumed in ${state}\n  used by ${line}\n`);
  }));

Deno.test("kill, kill --lift and resume refuse a folder from which no running server trades, unless forced", () =>
  withStore(async (store, { folder: state }) => {
    const refused =
      /^--state: expected the state folder of a server that trades: no running server uses it: .*\n {2}--force/;
    for (const flags of [{ state }, { state, lift: "true" }, { state, "cancel-open": "true" }]) {
      const { code, stderr } = await run(flags);
      assert.deepEqual([code, refused.test(stderr)], [2, true], stderr);
    }
    assert.match((await runnerOf(resume)({ state })).stderr, refused);
    new PresentServer(state).die();
    assert.match((await run({ state })).stderr, refused);
    using _reader = new PresentServer(state, { trading: { mode: "off", policy: null } });
    assert.match(
      (await run({ state })).stderr,
      /trading is off in every server that uses it \(process 4711 \(serve\)\)/,
    );
    assert.deepEqual(store.halts.state(), { halted: false });
    assert.equal((await run({ state, force: "true" })).code, 0);
    assert.equal(store.halts.state().halted, true);
    assert.equal((await runnerOf(resume)({ state, force: "true" })).code, 0);
    assert.deepEqual(store.halts.state(), { halted: false });
  }));

Deno.test("kill --lift and resume accept a halted folder, even while no server runs", () =>
  withStore(async (store, { folder: state }) => {
    for (const lift of [() => run({ state, lift: "true" }), () => runnerOf(resume)({ state })]) {
      store.halts.pull({ by: "local", reason: "test", cancelOpen: [], now: NOW });
      const { code, stdout } = await lift();
      assert.deepEqual([code, store.halts.state()], [0, { halted: false }]);
      assert.match(stdout, /^Trading is resumed in .*\n {2}no running server uses this folder/);
    }
  }));

Deno.test("kill without --state names the user's own folder when a server uses that one", () =>
  withStore(async (_store, { folder }) => {
    using _server = new PresentServer(join(folder, "luno-mcp-server"));
    const { stderr } = await run({ state: join(folder, "other") }, { env: { XDG_STATE_HOME: folder } });
    assert.match(stderr, /there is no such folder.*\n {2}\S+\/luno-mcp-server is used by process 4711/);
  }));

Deno.test("kill --status creates neither a folder nor a record, and kill halts a folder without one only when forced", () =>
  withStore(async (_store, { folder }) => {
    const state = join(folder, "new");
    assert.match((await run({ state, status: "true" })).stderr, /^--state: expected a folder that exists: there is no/);
    assert.equal((await run({ state })).code, 2);
    assert.equal((await run({ state, lift: "true", force: "true" })).code, 2);
    await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
    await Deno.mkdir(state, { mode: 0o700 });
    assert.match((await run({ state, status: "true" })).stdout, /^Trading is not halted in .*\n {2}no running server/);
    await Deno.writeTextFile(join(state, HALT_FILE), "");
    assert.match((await run({ state, status: "true" })).stdout, /^Trading is halted in .* by file: /);
    assert.deepEqual(namesIn(state), [HALT_FILE]);
    assert.equal((await run({ state, force: "true" })).code, 0);
    assert.match((await run({ state, status: "true" })).stdout, /^Trading is halted in .* by terminal/);
    const left = namesIn(state);
    assert.deepEqual(left.toSorted(), [HALT_FILE, EXPECTED_RECORD, TRADING_DATABASE].toSorted());
  }));

Deno.test("kill distinguishes a halt whose record is gone from no halt", () =>
  withStore(async (_store, { folder }) => {
    const state = join(folder, "new");
    await Deno.mkdir(state, { mode: 0o700 });
    assert.equal((await run({ state, force: "true" })).code, 0);
    await Deno.remove(join(state, TRADING_DATABASE));
    for (const flags of [{ status: "true" }, { lift: "true", force: "true" }]) {
      const { code, stderr } = await run({ state, ...flags });
      assert.equal(code, 2);
      assert.match(stderr, /^--state: Cannot find trading\.db, which was made in /);
    }
  }));

Deno.test("a file called halt.txt halts too, and lifting names each file to remove", () =>
  withStore(async (_store, { folder: state }) => {
    await Deno.writeTextFile(join(state, "halt.txt"), "stop");
    assert.match((await run({ state, status: "true" })).stdout, /^Trading is halted in .* by file: .*called halt\.txt/);
    const lifted = await run({ state, lift: "true", force: "true" });
    assert.equal(lifted.code, 1);
    assert.match(lifted.stderr, /still halted by a file: remove \S+\/halt\.txt\n/);
    await Deno.writeTextFile(join(state, HALT_FILE), "");
    assert.match((await run({ state, lift: "true", force: "true" })).stderr, /remove \S+\/halt and \S+\/halt\.txt\n/);
  }));

Deno.test("kill says since when a server has not answered, and counts a lock without a report as a server", () =>
  withStore(async (_store, { folder: state }) => {
    using _stopped = new PresentServer(state, { updated_at: NOW - 180_000 });
    assert.match((await run({ state })).stdout, /started 5 min ago, does not answer, last seen 3 min ago\n/);
    const lock = InstanceLock.take(state);
    assert.match((await run({ state, status: "true" })).stdout, /used by a process that says nothing about itself\n/);
    lock.release();
  }));

Deno.test("kill --lift resumes trading", () =>
  withServer(async (store, { folder: state }) => {
    await run({ state });
    assert.match((await run({ state, lift: "true" })).stdout, /^Trading is resumed in /);
    assert.match((await run({ state, lift: "true" })).stdout, /^Trading was not halted in /);
    assert.match((await run({ state, status: "true" })).stdout, /^Trading is not halted in /);
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "begun");
  }));

Deno.test("kill --lift names the file that still halts", () =>
  withServer(async (_store, { folder: state }) => {
    const file = join(state, HALT_FILE);
    await Deno.writeTextFile(file, "");
    await run({ state });
    const { code, stderr } = await run({ state, lift: "true" });
    assert.deepEqual([code, stderr], [1, `Trading is still halted by a file: remove ${file}\n`]);
  }));

Deno.test("kill halts by the file when the record cannot be used", () =>
  withServer(async (store, { folder: state }) => {
    tamper(state, "PRAGMA user_version = 99");
    const { code, stdout, stderr } = await run({ state });
    assert.equal(code, 0);
    assert.match(stderr, /newer version/);
    assert.ok(stdout.startsWith(`Trading is halted by the file ${join(state, HALT_FILE)}`));
    assert.throws(() => store.journal.begin(entry("a"), FREE, NOW), /newer version/);
    tamper(state, `PRAGMA user_version = ${MIGRATIONS.length}`);
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
  }));

Deno.test("kill does not write through a link with the file's name, and the link halts", () =>
  withServer(async (store, { folder: state }) => {
    const victim = join(state, "victim");
    await Deno.writeTextFile(victim, "precious");
    await link(victim, join(state, HALT_FILE));
    tamper(state, "PRAGMA user_version = 99");
    assert.equal((await run({ state })).code, 0);
    assert.equal(await Deno.readTextFile(victim), "precious");
    tamper(state, `PRAGMA user_version = ${MIGRATIONS.length}`);
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
  }));

Deno.test("kill reports that it cannot halt at all", () =>
  withServer(async (_store, { folder }) => {
    const { code, stderr } = await run({ state: join(folder, TRADING_DATABASE) });
    assert.equal(code, 1);
    assert.match(stderr, /^Cannot halt trading as .* cannot be written either: end the server$/m);
  }));

Deno.test("kill reports every problem of its command line and changes nothing", () =>
  withServer(async (store, { folder: state }) => {
    const flags = { state, lift: "true", reason: "x", "cancel-open": "true" };
    const wrong = await run(flags, { problems: ["--typo: unknown flag"] });
    assert.equal(wrong.code, 2);
    const problems = [
      /^--typo/m,
      /^--reason: kill --lift does not/m,
      /^--cancel-open: kill --lift/m,
    ];
    for (const problem of problems) assert.match(wrong.stderr, problem);
    assert.match((await run({ state, lift: "true", status: "true" })).stderr, /^--lift and --status: expected one/);
    assert.match((await run({})).stderr, /^--state: expected a folder/);
    assert.deepEqual(store.halts.state(), { halted: false });
  }));
