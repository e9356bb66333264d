import assert from "node:assert/strict";
import { join } from "node:path";
import { HALT_FILE } from "../../../src/trading/record/kill_switch.ts";
import { MIGRATIONS } from "../../../src/trading/record/schema.ts";
import { openDatabase } from "../../../src/state/sqlite.ts";
import { TRADING_DATABASE } from "../../../src/trading/record/store.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { entry, FREE, NOW, outcomeOf, partsOf, place, withStore } from "../stores.ts";

Deno.test("KillSwitch.pull() stops new orders of every connection at once, and survives a restart", () =>
  withStore((store, { open }) => {
    const other = open();
    store.killSwitch.pull({ by: "terminal", reason: "strange fills", now: NOW });
    const refused = other.journal.begin(entry("a"), FREE, NOW);
    assert.ok(refused.kind === "refused" && refused.code === "ERR_TRADING_HALTED");
    assert.match(refused.message, /strange fills/);
    const by = { by: "terminal", reason: "strange fills", source: "switch" };
    assert.deepEqual(open().killSwitch.state(), { halted: true, at: NOW, ...by });
  }));

Deno.test("KillSwitch.lift() lets trading go on, and both ends are in the audit", () =>
  withStore((store) => {
    store.killSwitch.lift({ by: "terminal", now: NOW });
    store.killSwitch.pull({ by: "terminal", reason: "test", now: NOW });
    const lifted = store.killSwitch.lift({ by: "terminal", now: NOW + 1 });
    assert.deepEqual(lifted, { state: { halted: false }, withdrawn: [] });
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "begun");
    assert.deepEqual(store.audit.trail({ identity: "terminal" }).map(({ event }) => event), ["halt", "lift"]);
  }));

Deno.test("KillSwitch.pull() a second time keeps who halted first, and adds requests to cancel", () =>
  withStore(({ killSwitch, cancelRequests }) => {
    killSwitch.pull({ by: "first", reason: "one", now: NOW });
    killSwitch.pull({ by: "second", reason: "two", cancelOpen: ["real"], now: NOW + 1 });
    killSwitch.pull({ by: "third", reason: "three", now: NOW + 2 });
    const state = { halted: true, at: NOW, by: "first", reason: "one", source: "switch" };
    assert.deepEqual(killSwitch.state(), state);
    assert.deepEqual(cancelRequests.all().map(({ kind, by, doneAt }) => [kind, by, doneAt]), [[
      "real",
      "second",
      null,
    ]]);
  }));

Deno.test("KillSwitch.lift() withdraws requests to cancel, and says which were not completed", () =>
  withStore(({ killSwitch, cancelRequests, audit }) => {
    killSwitch.pull({ by: "test", reason: "", cancelOpen: ["real", "paper"], now: NOW });
    const [real] = cancelRequests.open(["real"]);
    cancelRequests.note(real ?? assert.fail(), { remaining: [], unlisted: null, isDone: true }, NOW);
    assert.deepEqual(killSwitch.lift({ by: "test", now: NOW }).withdrawn.map(({ kind }) => kind), ["paper"]);
    assert.deepEqual(cancelRequests.all(), []);
    assert.deepEqual(audit.trail({}).map(({ event }) => event), ["halt", "cancel_open", "lift"]);
  }));

Deno.test("KillSwitch.noteFile() has the audit tell from when to when the file halted, once over all processes", () =>
  withStore((store, { folder, open }) => {
    const other = open();
    assert.equal(store.killSwitch.noteFile(NOW), undefined);
    Deno.writeTextFileSync(join(folder, HALT_FILE), "");
    // An order meets the file before anybody has looked.
    assert.equal(outcomeOf(other.journal.begin(entry("a"), FREE, NOW)), "ERR_TRADING_HALTED");
    assert.equal(store.killSwitch.noteFile(NOW), undefined);
    Deno.removeSync(join(folder, HALT_FILE));
    assert.equal(outcomeOf(other.journal.begin(entry("a"), FREE, NOW)), "begun");
    assert.deepEqual(
      store.audit.trail({}).map(({ event, data }) => [event, event === "halt_file" && JSON.parse(data).present]),
      [["halt_file", true], ["decision", false], ["halt_file", false], ["intent", false], ["sent", false]],
    );
    assert.ok(store.verify().ok);
  }));

Deno.test("KillSwitch answers which orders had left before a halt, of all venues, for a halt by the file too", () =>
  withStore((store, { folder, open }) => {
    const other = open();
    place(store, "placed");
    for (const [name, venue] of [["real", ""], ["simulated", "simulated-1"]] as const) {
      assert.equal(outcomeOf(other.journal.at(venue).begin(entry(name), FREE, NOW)), "begun");
    }
    const left = ["lm-real", "lm-simulated"];
    const ids = (placements: readonly { clientOrderId: string }[]) => placements.map((each) => each.clientOrderId);
    Deno.writeTextFileSync(join(folder, HALT_FILE), "");
    const noted = store.killSwitch.noteFile(NOW);
    assert.deepEqual(noted?.file === "appeared" && ids(noted.onTheirWay), left);
    assert.deepEqual(ids(store.killSwitch.pull({ by: "test", reason: "enough", now: NOW })), left);
    Deno.removeSync(join(folder, HALT_FILE));
    assert.deepEqual(store.killSwitch.noteFile(NOW), { file: "gone" });
  }));

Deno.test("KillSwitch.pull() halts its process at once where it cannot be written, and writes it later", () =>
  withStore((store, { folder, open }) => {
    const path = join(folder, TRADING_DATABASE);
    const database = openDatabase(path, { migrations: MIGRATIONS });
    try {
      database.exec("PRAGMA query_only = 1");
      const { killSwitch } = partsOf(database, folder);
      assert.throws(() => killSwitch.pull({ by: "test", reason: "full disk", now: NOW }), StoreError);
      const state = killSwitch.state();
      assert.ok(state.halted && state.reason === "full disk");
      const pull = { by: "other", reason: "again", cancelOpen: ["real"], now: NOW + 1 } as const;
      assert.throws(() => killSwitch.pull(pull), StoreError);
      assert.throws(() => killSwitch.pull({ by: "third", reason: "again", now: NOW + 2 }), StoreError);
      assert.throws(() => killSwitch.retry(), StoreError);
      assert.equal(store.killSwitch.state().halted, false);
      database.exec("PRAGMA query_only = 0");
      killSwitch.retry();
      const written = open();
      const { halted, by, reason } = { by: "", reason: "", ...written.killSwitch.state() };
      assert.deepEqual([halted, by, reason], [true, "test", "full disk"]);
      // What any of the halts asked for is kept until it can be written.
      assert.deepEqual(written.cancelRequests.open(["real", "paper"]).map(({ kind }) => kind), ["real"]);
    } finally {
      database.close();
    }
  }));

Deno.test("KillSwitch halts while a file called halt exists, and lift() leaves that to whoever made it", () =>
  withStore(async (store, { folder }) => {
    const file = join(folder, HALT_FILE);
    await Deno.writeTextFile(file, "anything");
    assert.equal(store.killSwitch.file, file);
    assert.equal(outcomeOf(store.journal.begin(entry("b"), FREE, NOW)), "ERR_TRADING_HALTED");
    const { state: left } = store.killSwitch.lift({ by: "test", now: NOW });
    assert.ok(left.halted && left.source === "file");
    await Deno.remove(file);
    assert.deepEqual(store.killSwitch.state(), { halted: false });
  }));

Deno.test("KillSwitch halts when it cannot tell whether the file exists", () =>
  withStore((_store, { folder }) => {
    const path = join(folder, "other.db");
    const database = openDatabase(path, { migrations: MIGRATIONS });
    const state = partsOf(database, path).killSwitch.state(); // A file where the folder should be.
    database.close();
    assert.ok(state.halted);
    assert.match(state.reason, /cannot be searched/);
  }));
