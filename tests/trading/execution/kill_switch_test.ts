/** Halts that are effective in this process before the record contains them. */

import assert from "node:assert/strict";
import { KillSwitch } from "../../../src/trading/execution/kill_switch.ts";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { ExecutorWorld, POST, withJournal } from "../executor_world.ts";
import { answeringLate } from "../late_record.ts";
import { NOW, withStore } from "../stores.ts";

const ENOUGH = { by: "test", reason: "full disk", now: NOW };

Deno.test("KillSwitch.pull() halts its process at once when it cannot be written, and retry() writes every halt later", () =>
  withStore(async (store) => {
    let isStuck = true;
    const halts = answeringLate(store.halts);
    const pull: typeof halts.pull = async (...args) => {
      if (isStuck) throw new StoreError("full");
      return await halts.pull(...args);
    };
    const { state, noteFile } = halts;
    const killSwitch = new KillSwitch({ halts: { pull, state, noteFile } });
    const first = killSwitch.pull(ENOUGH);
    assert.deepEqual([killSwitch.pending.halted, killSwitch.pending.halted && killSwitch.pending.reason], [
      true,
      "full disk",
    ]);
    await assert.rejects(first, StoreError);
    await assert.rejects(
      killSwitch.pull({ by: "other", reason: "again", cancelOpen: ["main"], now: NOW + 1 }),
      StoreError,
    );
    await assert.rejects(killSwitch.retry(), StoreError);
    assert.deepEqual([(await killSwitch.state()).halted, store.halts.state().halted], [true, false]);
    isStuck = false;
    await killSwitch.retry();
    assert.equal(killSwitch.pending.halted, false);
    assert.deepEqual(store.halts.state(), {
      halted: true,
      at: NOW,
      by: "test",
      reason: "full disk",
      source: "switch",
    });
    // The requests of all halts are kept until they can be written.
    assert.deepEqual(store.cancelRequests.open(["main", "paper"]).map(({ account }) => account), ["main"]);
    const told = store.audit.trail({}).map(({ event, identity }) => [event, identity]);
    assert.deepEqual(told, [["halt", "test"], ["halt", "other"]]);
    await killSwitch.retry();
    assert.equal(store.audit.trail({}).length, 2);
  }));

Deno.test("KillSwitch.retry() skips what is being written, and halts beyond a hundred still add their cancel requests", () =>
  withStore(async (store) => {
    const killSwitch = new KillSwitch({ halts: answeringLate(store.halts) });
    await Promise.all([killSwitch.pull(ENOUGH), killSwitch.retry(), killSwitch.retry()]);
    assert.equal(store.audit.trail({}).length, 1);
    const pulls = Array.from(
      { length: 150 },
      (_, i) => killSwitch.pull({ ...ENOUGH, cancelOpen: i === 149 ? ["paper"] : ["main"] }),
    );
    await Promise.all(pulls);
    assert.equal(store.audit.trail({}).length, 101);
    assert.deepEqual(store.cancelRequests.all().map(({ account }) => account), ["main", "paper"]);
    assert.equal(killSwitch.pending.halted, false);
  }));

Deno.test("KillSwitch.pull() resolves once its own halt is written, also when another one was added to it", () =>
  withStore(async (store) => {
    const killSwitch = new KillSwitch({ halts: answeringLate(store.halts) });
    const written = () => store.audit.trail({ limit: 200 }).map(({ data }) => JSON.parse(data).reason);
    const pulls = Array.from({ length: 101 }, (_, number) => killSwitch.pull({ ...ENOUGH, reason: `${number}` }));
    await pulls[99];
    assert.equal(written().at(-1), "99");
    await Promise.all(pulls);
  }));

Deno.test("OrderExecutor.place() sends nothing that was recorded before its process was halted, though the record is stuck", async () => {
  let halt = () => {};
  await using world = await ExecutorWorld.start({
    wrap: (options) => {
      const begin: typeof options.record.journal.begin = async (...args) => {
        const begun = await options.record.journal.begin(...args);
        halt();
        return begun;
      };
      return withJournal(options, { begin });
    },
  });
  halt = () => {
    world.store.halts.pull = () => {
      throw new StoreError("busy");
    };
    void world.killSwitch.pull({ by: "test", reason: "enough", now: world.now }).catch(() => {});
  };
  const request = world.request();
  const result = await world.executor.place(request);
  assert.equal(result.status === "not_placed" && result.reason, "ERR_TRADING_HALTED");
  assert.equal(world.exchange.count(POST), 0);
  assert.equal(world.placement(request)?.state, "not_placed");
});
