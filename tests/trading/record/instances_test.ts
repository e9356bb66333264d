/** Instances and their locks: who lives, who has died, and who takes over. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { InstanceLock, INSTANCES_FOLDER, isLocked } from "../../../src/state/instance_lock.ts";
import type { TradingStore } from "../../../src/trading/record/store.ts";
import { asIntent, entry, FREE, INSTANCE, NOW, openStore, place, withStore } from "../stores.ts";

const FACTS = { pid: Deno.pid, command: "serve", startedAt: NOW, cancels: ["real"] } as const;

/** An instance whose process can die: its lock is freed, its row stays. */
function enter(store: TradingStore, folder: string): { readonly id: string; readonly die: () => void } {
  const lock = InstanceLock.take(folder);
  store.instances.add({ ...FACTS, id: lock.id });
  return { id: lock.id, die: () => lock.release() };
}

function locksIn(folder: string): string[] {
  return [...Deno.readDirSync(join(folder, INSTANCES_FOLDER))].map(({ name }) => name);
}

Deno.test("Instances.enter() lists a process for as long as it holds its lock", () =>
  withStore((store, { folder }) => {
    const instance = store.instances.enter(FACTS);
    assert.deepEqual(store.instances.alive(), [{ ...FACTS, id: instance.id, cancels: ["real"] }]);
    const dead = enter(store, folder);
    assert.equal(store.instances.alive().length, 2);
    dead.die();
    assert.deepEqual(store.instances.alive().map(({ id }) => id), [instance.id]);
    instance.end();
    instance.end();
    assert.deepEqual(store.instances.alive(), []);
  }));

Deno.test("Instances.takeOver() leaves alone what a living process has sent, however long ago", () =>
  withStore((store, { folder }) => {
    const [living, heir] = [enter(store, folder), enter(store, folder)];
    store.instances.remove(INSTANCE.id);
    store.journal.begin(entry("a", { instance: living.id }), FREE, NOW - 86_400_000);
    assert.equal(store.instances.takeOver(heir.id, ["real", "paper"]), 0);
    assert.equal(store.journal.find("lm-a")?.instance, living.id);
    living.die();
    assert.equal(store.instances.takeOver(heir.id, ["real", "paper"]), 1);
    assert.equal(store.journal.find("lm-a")?.instance, heir.id);
    assert.equal(store.instances.has(living.id), false);
    heir.die();
  }));

Deno.test("Instances.takeOver() takes what ended processes and old versions left, of the kinds that it can look up", () =>
  withStore((store, { folder }) => {
    const heir = enter(store, folder);
    store.journal.begin(entry("ended"), FREE, NOW);
    store.journal.begin(entry("paper", { paper: true }), FREE, NOW);
    place(store, "placed");
    store.journal.begin(entry("old"), FREE, NOW);
    asIntent(folder, "old");
    store.instances.remove(INSTANCE.id);
    assert.equal(store.instances.takeOver(heir.id, ["real"]), 2);
    const ownerOf = (name: string) => store.journal.find(`lm-${name}`)?.instance;
    assert.deepEqual([ownerOf("ended"), ownerOf("old")], [heir.id, heir.id]);
    assert.deepEqual([ownerOf("paper"), ownerOf("placed")], [INSTANCE.id, INSTANCE.id]);
    assert.equal(store.instances.takeOver(heir.id, ["real", "paper"]), 1);
    heir.die();
  }));

Deno.test("Instances.enter() clears away the dead that left nothing undone, and no others", () =>
  withStore((store, { folder }) => {
    const [busy, idle, living] = [enter(store, folder), enter(store, folder), enter(store, folder)];
    store.journal.begin(entry("a", { instance: busy.id }), FREE, NOW);
    for (const { die } of [busy, idle]) die();
    const instance = openStore(folder).instances.enter(FACTS);
    assert.deepEqual([busy, idle, living].map(({ id }) => store.instances.has(id)), [true, false, true]);
    assert.deepEqual(locksIn(folder).toSorted(), [busy, living, instance].map(({ id }) => `${id}.lock`).toSorted());
    instance.end();
    living.die();
  }));

Deno.test("isLocked() takes a process for alive where it cannot tell, and for dead where its file is gone", () =>
  withStore((store, { folder }) => {
    const { id, die } = enter(store, folder);
    assert.equal(isLocked(folder, id), true);
    Deno.removeSync(join(folder, INSTANCES_FOLDER, `${id}.lock`));
    assert.equal(isLocked(folder, id), false);
    die();
    Deno.removeSync(join(folder, INSTANCES_FOLDER), { recursive: true });
    Deno.writeTextFileSync(join(folder, INSTANCES_FOLDER), "");
    assert.equal(isLocked(folder, id), true);
  }));

Deno.test("Instances.takeOver() is nothing for a process that stands still", () =>
  withStore(async (store, { folder }) => {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--allow-read",
        "--allow-write=/tmp",
        "--allow-sys=uid",
        CALLER,
        folder,
        "stand",
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value: id = "" } = await output.read();
    store.journal.begin(entry("a", { instance: id }), FREE, NOW);
    child.kill("SIGSTOP");
    assert.equal(store.instances.takeOver(INSTANCE.id, ["real"]), 0);
    child.kill("SIGKILL");
    await child.status;
    assert.equal(store.instances.takeOver(INSTANCE.id, ["real"]), 1);
    await Promise.all([output.cancel(), child.stdin.close()]);
  }));

const CALLER = new URL("../caller_process.ts", import.meta.url).pathname;
