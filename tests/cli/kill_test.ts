import assert from "node:assert/strict";
import { join } from "node:path";
import { kill } from "../../src/cli/kill.ts";
import { HALT_FILE } from "../../src/trading/kill_switch.ts";
import { TRADING_DATABASE } from "../../src/trading/store.ts";
import { entry, FREE, NOW, outcomeOf, tamper, withStore } from "../trading/stores.ts";
import { runnerOf } from "./trading_commands.ts";
import { link } from "../state/link.ts";

const run = runnerOf(kill);

Deno.test("kill halts trading of a running server at once, with the reason", () =>
  withStore(async (store, { folder: state }) => {
    const { code, stdout, stderr } = await run({ state, reason: "strange fills" });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^Trading is halted: .*\n {2}open orders stay open; /);
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
    assert.deepEqual(store.cancelWishes.all(), []);
    const status = await run({ state, status: "true" });
    assert.equal(status.stdout, "Trading is halted since 2026-11-22T10:00:00.000Z by terminal: strange fills\n");
  }));

Deno.test("kill tells which orders had left before, and until when the exchange takes them", () =>
  withStore(async (store, { folder: state }) => {
    store.journal.begin(entry("a"), FREE, NOW);
    const { stdout } = await run({ state });
    assert.match(
      stdout,
      /had left before.*\n {4}lm-a {2}BUY XBTZAR, taken by the exchange until 2026-11-22T10:00:05.000Z/,
    );
    const json = JSON.parse((await run({ state }, { json: true })).stdout);
    const left = { client_order_id: "lm-a", side: "BUY", pair: "XBTZAR", valid_until: "2026-11-22T10:00:05.000Z" };
    assert.deepEqual([json.halted, json.on_their_way], [true, [left]]);
    assert.match((await run({ state, status: "true" })).stdout, /its outcome is not known yet: lm-a$/m);
  }));

Deno.test("kill works before there is a record", () =>
  withStore(async (_store, { folder }) => {
    const state = join(folder, "new");
    assert.equal((await run({ state })).code, 0);
    assert.match((await run({ state, status: "true" })).stdout, /^Trading is halted/);
  }));

Deno.test("kill --lift lets trading go on", () =>
  withStore(async (store, { folder: state }) => {
    await run({ state });
    assert.equal((await run({ state, lift: "true" })).stdout, "Trading may go on\n");
    assert.equal((await run({ state, lift: "true" })).stdout, "Trading was not halted\n");
    assert.equal((await run({ state, status: "true" })).stdout, "Trading is not halted\n");
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "begun");
  }));

Deno.test("kill --lift says which file still halts", () =>
  withStore(async (_store, { folder: state }) => {
    const file = join(state, HALT_FILE);
    await Deno.writeTextFile(file, "");
    await run({ state });
    const { code, stderr } = await run({ state, lift: "true" });
    assert.deepEqual([code, stderr], [1, `Trading is still halted by a file: remove ${file}\n`]);
  }));

Deno.test("kill halts by the file where the record cannot be used", () =>
  withStore(async (store, { folder: state }) => {
    tamper(state, "PRAGMA user_version = 99");
    const { code, stdout, stderr } = await run({ state });
    assert.equal(code, 0);
    assert.match(stderr, /newer version/);
    assert.ok(stdout.startsWith(`Trading is halted by the file ${join(state, HALT_FILE)}`));
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
  }));

Deno.test("kill writes through no link that has the file's name, and halts by it", () =>
  withStore(async (store, { folder: state }) => {
    const victim = join(state, "victim");
    await Deno.writeTextFile(victim, "precious");
    await link(victim, join(state, HALT_FILE));
    tamper(state, "PRAGMA user_version = 99");
    assert.equal((await run({ state })).code, 0);
    assert.equal(await Deno.readTextFile(victim), "precious");
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
  }));

Deno.test("kill says so when it cannot halt at all", () =>
  withStore(async (_store, { folder }) => {
    const { code, stderr } = await run({ state: join(folder, TRADING_DATABASE) });
    assert.equal(code, 1);
    assert.match(stderr, /^Cannot halt trading as .* cannot be written either: end the server$/m);
  }));

Deno.test("kill tells every problem of its command line and changes nothing", () =>
  withStore(async (store, { folder: state }) => {
    const flags = { state, lift: "true", reason: "x", "cancel-open": "true" };
    const wrong = await run(flags, { operands: ["now"], problems: ["--typo: unknown flag"] });
    assert.equal(wrong.code, 2);
    const problems = [
      /^--typo/m,
      /^"now": unexpected/m,
      /^--reason: kill --lift does not/m,
      /^--cancel-open: kill --lift/m,
    ];
    for (const problem of problems) assert.match(wrong.stderr, problem);
    assert.match((await run({ state, lift: "true", status: "true" })).stderr, /^--lift and --status: expected one/);
    assert.match((await run({})).stderr, /^--state: expected a folder/);
    assert.deepEqual(store.killSwitch.state(), { halted: false });
  }));
