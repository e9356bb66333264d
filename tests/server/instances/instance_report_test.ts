/** What processes say about themselves, as others read it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { InstanceLock, INSTANCES_FOLDER } from "../../../src/state/instance_lock.ts";
import { InstanceReportFile, listInstances, removeOldReports } from "../../../src/server/instances/instance_report.ts";
import { PresentServer, REPORT } from "../../cli/present_server.ts";
import { link } from "../../state/link.ts";

async function withFolder(body: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("listInstances() lists live instances first, then those that ended unexpectedly, and none that ended in order", () =>
  withFolder((folder) => {
    assert.deepEqual(listInstances(join(folder, "none")), []);
    const dead = new PresentServer(folder, { started_at: 1 });
    dead.die();
    using late = new PresentServer(folder, { started_at: 3 });
    using early = new PresentServer(folder, { started_at: 2 });
    new PresentServer(folder)[Symbol.dispose]();
    const seen = listInstances(folder).map(({ id, isAlive, report }) => [id, isAlive, report?.started_at]);
    assert.deepEqual(seen, [[early.id, true, 2], [late.id, true, 3], [dead.id, false, 1]]);
    removeOldReports(folder);
    assert.deepEqual(listInstances(folder).map(({ id }) => id), [early.id, late.id]);
  }));

Deno.test("InstanceReportFile.write() leaves nothing of a longer report, and writes the last of several", () =>
  withFolder(async (folder) => {
    const lock = InstanceLock.take(folder);
    const file = InstanceReportFile.create(folder, { id: lock.id, report: { ...REPORT, version: "1".repeat(500) } });
    const writes = Array.from({ length: 20 }, (_each, index) => file.write({ ...REPORT, connections: index }));
    await Promise.all(writes);
    assert.deepEqual(listInstances(folder)[0]?.report, { ...REPORT, connections: 19 });
    const { mode } = await Deno.stat(join(folder, INSTANCES_FOLDER, `${lock.id}.json`));
    assert.equal((mode ?? 0) & 0o777, 0o600);
    const last = file.write(REPORT);
    await Promise.all([file.end(), file.end(), last]);
    await file.write(REPORT);
    lock.release();
    assert.deepEqual(listInstances(folder), []);
  }));

Deno.test("InstanceReportFile.create() follows no link, and listInstances() shows a process whose report cannot be read", () =>
  withFolder(async (folder) => {
    const lock = InstanceLock.take(folder);
    const path = join(folder, INSTANCES_FOLDER, `${lock.id}.json`);
    await link(join(folder, "victim"), path);
    assert.throws(() => InstanceReportFile.create(folder, { id: lock.id, report: REPORT }), { name: "StateError" });
    await assert.rejects(Deno.stat(join(folder, "victim")), Deno.errors.NotFound);
    await Deno.remove(path);
    await Deno.writeTextFile(path, '{"pid":"of a newer version"}');
    assert.deepEqual(listInstances(folder), [{ id: lock.id, isAlive: true }]);
    lock.release();
  }));
