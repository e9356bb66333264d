import assert from "node:assert/strict";
import { join } from "node:path";
import { InstanceLock, INSTANCES_FOLDER, isLocked, removeFreeLocks } from "../../src/state/instance_lock.ts";

async function withFolder(body: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("isLocked() considers a process alive when it cannot tell, and dead when its file is gone", () =>
  withFolder((folder) => {
    const lock = InstanceLock.take(folder);
    assert.equal(isLocked(folder, lock.id), true);
    Deno.removeSync(join(folder, INSTANCES_FOLDER, `${lock.id}.lock`));
    assert.equal(isLocked(folder, lock.id), false);
    lock.release();
    Deno.removeSync(join(folder, INSTANCES_FOLDER), { recursive: true });
    Deno.writeTextFileSync(join(folder, INSTANCES_FOLDER), "");
    assert.equal(isLocked(folder, lock.id), true);
  }));

Deno.test("removeFreeLocks() removes the files of processes that have ended, except those to be kept", () =>
  withFolder((folder) => {
    const [kept, gone, living] = [InstanceLock.take(folder), InstanceLock.take(folder), InstanceLock.take(folder)];
    kept.release();
    gone.release();
    gone.release();
    removeFreeLocks(folder, (id) => id === kept.id);
    const names = [...Deno.readDirSync(join(folder, INSTANCES_FOLDER))].map(({ name }) => name);
    assert.deepEqual(names.toSorted(), [kept, living].map(({ id }) => `${id}.lock`).toSorted());
    living.release();
  }));
