import assert from "node:assert/strict";
import { join } from "node:path";
import { HALT_FILE } from "../../src/trading/kill_switch.ts";
import { MIGRATIONS } from "../../src/trading/schema.ts";
import { openDatabase } from "../../src/state/sqlite.ts";
import { TRADING_DATABASE } from "../../src/trading/store.ts";
import { StoreError } from "../../src/trading/store_connection.ts";
import { entry, FREE, NOW, outcomeOf, partsOf, withStore } from "./stores.ts";

Deno.test("KillSwitch.pull() stops new orders of every connection at once, and survives a restart", () =>
  withStore((store, { open }) => {
    const other = open();
    store.killSwitch.pull({ by: "terminal", reason: "strange fills", now: NOW });
    const refused = other.journal.begin(entry("a"), FREE, NOW);
    assert.ok(refused.kind === "refused" && refused.code === "ERR_TRADING_HALTED");
    assert.match(refused.message, /strange fills/);
    const by = { by: "terminal", reason: "strange fills", cancelOpen: false, source: "switch" };
    assert.deepEqual(open().killSwitch.state(), { halted: true, at: NOW, ...by });
  }));

Deno.test("KillSwitch.lift() lets trading go on, and both ends are in the audit", () =>
  withStore((store) => {
    store.killSwitch.lift({ by: "terminal", now: NOW });
    store.killSwitch.pull({ by: "terminal", reason: "test", now: NOW });
    assert.deepEqual(store.killSwitch.lift({ by: "terminal", now: NOW + 1 }), { halted: false });
    assert.equal(outcomeOf(store.journal.begin(entry("a"), FREE, NOW)), "begun");
    assert.deepEqual(store.audit.trail({ identity: "terminal" }).map(({ event }) => event), ["halt", "lift"]);
  }));

Deno.test("KillSwitch.pull() a second time keeps who halted first, and adds the wish to cancel", () =>
  withStore(({ killSwitch }) => {
    killSwitch.pull({ by: "first", reason: "one", now: NOW });
    killSwitch.pull({ by: "second", reason: "two", cancelOpen: true, now: NOW + 1 });
    killSwitch.pull({ by: "third", reason: "three", now: NOW + 2 });
    const state = { halted: true, at: NOW, by: "first", reason: "one", cancelOpen: true, source: "switch" };
    assert.deepEqual(killSwitch.state(), state);
  }));

Deno.test("KillSwitch.takeCancelWish() gives the wish to one server", () =>
  withStore((store, { open }) => {
    const { killSwitch } = store;
    assert.deepEqual(killSwitch.takeCancelWish(["real", "paper"]), []);
    killSwitch.pull({ by: "test", reason: "", cancelOpen: true, now: NOW });
    assert.deepEqual(open().killSwitch.takeCancelWish(["paper"]), ["paper"]);
    assert.deepEqual(killSwitch.takeCancelWish(["real", "paper"]), ["real"]);
    assert.deepEqual(killSwitch.takeCancelWish(["real", "paper"]), []);
    assert.equal(killSwitch.state().halted, true);
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
      assert.throws(() => killSwitch.retry(), StoreError);
      assert.equal(store.killSwitch.state().halted, false);
      database.exec("PRAGMA query_only = 0");
      killSwitch.retry();
      assert.equal(open().killSwitch.state().halted, true);
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
    const left = store.killSwitch.lift({ by: "test", now: NOW });
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
