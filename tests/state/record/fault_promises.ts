/** What every engine of the record promises when something goes wrong: another process, the disk, a death at any moment. */

import assert from "node:assert/strict";
import { entry, FREE, NOW, outcomeOf } from "../../trading/stores.ts";
import { failsWith, idsOf, place } from "./acts.ts";
import type { Promises } from "./acts.ts";

/** How often the event loop turns before a promise is settled. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let isSettled = false;
  void promise.then(() => isSettled = true, () => isSettled = true);
  let turns = 0;
  for (; !isSettled; turns++) await new Promise((resolve) => setTimeout(resolve));
  return turns;
}

/** By what is promised. */
export const FAULT_PROMISES: Promises = {
  "what was answered is found again by all processes, and after all have closed": async (installation) => {
    const [record, other] = [await installation.open(), await installation.open()];
    const placed = await place(record, "a", { idempotencyKey: "key-1" });
    assert.deepEqual(await other.journal.find("lm-a"), placed);
    const verified = await other.audit.verify();
    await Promise.all([record.close(), other.close()]);
    const again = await installation.open();
    assert.deepEqual(await again.journal.find("lm-a"), placed);
    assert.deepEqual(await again.audit.verify(), verified);
  },

  "close() completes earlier operations, and does nothing a second time": async (installation) => {
    const record = await installation.open();
    const asked = Array.from({ length: 20 }, (_, i) => record.journal.begin(entry(`${i}`), FREE, NOW));
    await Promise.all([record.close(), record.close()]);
    assert.deepEqual((await Promise.all(asked)).map(outcomeOf), asked.map(() => "begun"));
    await assert.rejects(record.journal.find("lm-1"), failsWith("closed"));
    assert.equal((await (await installation.open()).journal.unsettled()).length, 20);
  },

  "a record that is opened read-only writes nothing, and reads what others write": async (installation) => {
    const record = await installation.open();
    const reader = await installation.open({ mode: "read" });
    await place(record, "a");
    assert.equal((await reader.journal.open()).length, 1);
    assert.ok((await reader.audit.verify()).ok);
    const written = reader.audit.record({ event: "policy", identity: "local" }, NOW);
    await assert.rejects(written, failsWith("read_only"));
  },

  "operations of one caller take effect in the order of the calls": async (installation) => {
    const { journal, halts } = await installation.open();
    const [first, , second, , third] = await Promise.all([
      journal.begin(entry("a"), FREE, NOW),
      halts.pull({ by: "test", reason: "enough", now: NOW }),
      journal.begin(entry("b"), FREE, NOW),
      halts.lift({ by: "test", now: NOW }),
      journal.begin(entry("c"), FREE, NOW),
    ]);
    assert.deepEqual([first, second, third].map(outcomeOf), ["begun", "ERR_TRADING_HALTED", "begun"]);
  },

  "while another process writes, reading continues, a change is refused after a while, and the event loop is not blocked":
    async (
      installation,
    ) => {
      const record = await installation.open();
      await place(record, "a");
      {
        await using _lock = await installation.lock();
        const change = record.journal.begin(entry("b"), FREE, NOW);
        const turning = turnsUntil(change);
        assert.deepEqual(idsOf(await record.journal.open()), ["lm-a"]);
        assert.equal((await record.halts.state()).halted, false);
        await assert.rejects(change, failsWith("busy"));
        assert.ok(await turning > 1);
        assert.equal(await record.journal.find("lm-b"), undefined);
      }
      assert.equal(outcomeOf(await record.journal.begin(entry("b"), FREE, NOW)), "begun");
    },

  "a change waits for another process that soon releases its lock": async (installation) => {
    const record = await installation.open();
    const lock = await installation.lock();
    const change = record.journal.begin(entry("a"), FREE, NOW);
    await lock[Symbol.asyncDispose]();
    assert.equal(outcomeOf(await change), "begun");
  },

  "on a slow disk an order waits for its commit, reading does not, and the event loop is not blocked": async (
    installation,
  ) => {
    await place(await installation.open(), "a");
    const record = await installation.openSlow();
    const begun = record.journal.begin(entry("b"), FREE, NOW);
    const turning = turnsUntil(begun);
    const order: string[] = [];
    const [read] = await Promise.all([
      record.journal.open().finally(() => order.push("read")),
      begun.finally(() => order.push("begun")),
    ]);
    assert.deepEqual([order, idsOf(read)], [["read", "begun"], ["lm-a"]]);
    assert.ok(await turning > 1);
    assert.equal((await record.journal.find("lm-b"))?.state, "sent");
  },

  "on a full disk no order begins, nothing of it remains, and reading continues": async (installation) => {
    await place(await installation.open(), "first");
    const record = await installation.openFull();
    let begun = 0;
    await assert.rejects(async () => {
      for (; begun < 1_000; begun++) {
        assert.equal(outcomeOf(await record.journal.begin(entry(`n${begun}`), FREE, NOW)), "begun");
      }
    }, failsWith("full"));
    assert.equal(await record.journal.find(`lm-n${begun}`), undefined);
    const verified = await record.audit.verify();
    assert.deepEqual(verified.ok && verified.rows, 3 + 2 * begun);
    assert.deepEqual(idsOf(await record.journal.open()), ["lm-first"]);
  },

  "what was answered is kept when the process is killed during a change, and no change is partial": async (
    installation,
  ) => {
    const record = await installation.open();
    const answered: string[] = [];
    for (let kills = 0; kills < 3; kills++) {
      await using writer = await installation.write();
      for (let count = 0; count < 5 + kills; count++) answered.push(await writer.next());
      answered.push(...await writer.kill());
    }
    const kept = idsOf(await record.journal.unsettled());
    assert.deepEqual(answered.filter((id) => !kept.includes(id)), []);
    assert.ok(kept.length <= answered.length + 3, "more orders than were asked for");
    const verified = await record.audit.verify();
    assert.equal(verified.ok && verified.rows, 2 * kept.length);
  },

  "no secret that the engine was given is stored, in any encoding": async (installation) => {
    const secret = "mN4-tQ_8vZ1rK6yH3bW9cX5sL2dF7gJ0";
    const { audit, halts } = await installation.open({ secrets: [secret] });
    for (const text of [secret, encodeURIComponent(secret), btoa(`id:${secret}`)]) {
      await audit.record({ event: "preview", identity: "key:ann", data: { reason: text } }, NOW);
    }
    await halts.pull({ by: "key:ann", reason: `stop ${secret}`, now: NOW });
    const state = await halts.state();
    assert.equal(state.halted && state.reason, "stop [redacted]");
    const rows = (await audit.trail({})).map(({ data }) => data).join();
    for (const text of [secret, btoa(secret).slice(0, 16)]) assert.ok(!rows.includes(text), rows);
  },
};
