/** What every engine of the record promises of processes that can send orders: who lives, who has died, and who takes over. */

import assert from "node:assert/strict";
import { entry, FREE, INSTANCE, NOW, outcomeOf } from "../../trading/stores.ts";
import { asIntent, place } from "./acts.ts";
import type { Promises } from "./acts.ts";

/** By what is promised. */
export const INSTANCE_PROMISES: Promises = {
  "Instances.enter() registers a process for as long as it lives": async (installation) => {
    const { instances } = await installation.open();
    const record = await installation.open();
    const [one, other] = [await installation.enter(record), await installation.enter(record)];
    const listed = async () => (await instances.alive()).map(({ id }) => id).filter((id) => id !== INSTANCE.id);
    assert.deepEqual((await listed()).toSorted(), [one.id, other.id].toSorted());
    const facts = (await instances.alive()).find(({ id }) => id === INSTANCE.id);
    assert.deepEqual(facts, INSTANCE);
    await other.die();
    assert.deepEqual(await listed(), [one.id]);
    assert.ok(await instances.has(other.id));
    await instances.remove(one.id);
    assert.deepEqual([await listed(), await instances.has(one.id)], [[], false]);
  },

  "Instances.takeOver() leaves what a live process has sent, however long ago": async (installation) => {
    const record = await installation.open();
    const { instances, journal } = record;
    const [living, heir] = [await installation.enter(record), await installation.enter(record)];
    await journal.begin(entry("a", { instance: living.id }), FREE, NOW - 86_400_000);
    assert.equal(await instances.takeOver(heir.id, ["main", "paper"]), 0);
    assert.equal((await journal.find("lm-a"))?.instance, living.id);
    await living.die();
    assert.equal(await instances.takeOver(heir.id, ["main", "paper"]), 1);
    assert.equal((await journal.find("lm-a"))?.instance, heir.id);
    assert.equal(await instances.has(living.id), false);
    // Should it live after all, it can send nothing more.
    const late = await journal.begin(entry("b", { instance: living.id }), FREE, NOW);
    assert.equal(outcomeOf(late), "ERR_TAKEN_OVER");
  },

  "Instances.takeOver() takes over what ended processes and old versions left, of the kinds that it can look up":
    async (
      installation,
    ) => {
      const record = await installation.open();
      const { instances, journal } = record;
      const heir = await installation.enter(record);
      await journal.begin(entry("ended"), FREE, NOW);
      await journal.begin(entry("paper", { account: "paper" }), FREE, NOW);
      await place(record, "placed");
      await journal.begin(entry("old"), FREE, NOW);
      await asIntent(installation, "old");
      await instances.remove(INSTANCE.id);
      assert.equal(await instances.takeOver(heir.id, ["main"]), 2);
      const ownerOf = async (name: string) => (await journal.find(`lm-${name}`))?.instance;
      assert.deepEqual([await ownerOf("ended"), await ownerOf("old")], [heir.id, heir.id]);
      assert.deepEqual([await ownerOf("paper"), await ownerOf("placed")], [INSTANCE.id, INSTANCE.id]);
      assert.equal(await instances.takeOver(heir.id, ["main", "paper"]), 1);
    },

  "Instances.enter() removes dead instances that left nothing undone, and no others": async (installation) => {
    const record = await installation.open();
    const [busy, idle, living] = [
      await installation.enter(record),
      await installation.enter(record),
      await installation.enter(record),
    ];
    await record.journal.begin(entry("a", { instance: busy.id }), FREE, NOW);
    await busy.die();
    await idle.die();
    await installation.enter(record);
    const listed = await Promise.all([busy, idle, living].map(({ id }) => record.instances.has(id)));
    assert.deepEqual(listed, [true, false, true]);
  },

  "Instances.listed() shows all registered instances, dead ones too": async (installation) => {
    const record = await installation.open();
    const other = await installation.enter(record, { startedAt: NOW + 1 });
    await record.instances.tell(INSTANCE.id, '{"version":"1"}');
    const shown = async () => (await record.instances.listed()).map(({ id, isAlive }) => [id, isAlive]);
    assert.deepEqual(await shown(), [[INSTANCE.id, true], [other.id, true]]);
    const [first] = await record.instances.listed();
    assert.deepEqual([first?.pid, first?.command, first?.startedAt], [INSTANCE.pid, INSTANCE.command, NOW]);
    assert.ok(first?.report === null || first?.report === '{"version":"1"}');
    await record.instances.remove(other.id);
    assert.deepEqual(await shown(), [[INSTANCE.id, true]]);
  },
};
