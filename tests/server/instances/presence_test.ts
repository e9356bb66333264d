/** How a process makes itself known in its state folder. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { enterFolder } from "../../../src/server/instances/presence.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { listInstances } from "../../../src/server/instances/instance_report.ts";
import { LogRecords } from "../../support/log_records.ts";
import { TestWorld } from "../../cli/world.ts";

/** Enters a state folder as a server that trades or one that only reads. */
async function enter(state: string, isNeeded: boolean) {
  const world = new TestWorld();
  const loaded = await loadConfig({ state, transport: "http", exchange: "simulated" }, world.env);
  assert.ok(loaded.ok);
  return enterFolder(loaded, world, { isServer: true, isNeeded });
}

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("enterFolder() lists a process with its latest report, until it ends", () =>
  withFolder(async (folder) => {
    const presence = await enter(folder, false);
    presence.follow(() => ({ connections: 7 }));
    presence.update({ addresses: ["http://localhost:1/mcp"] });
    const last = presence.report;
    presence.write();
    assert.deepEqual([last.connections, last.addresses, last.command], [7, ["http://localhost:1/mcp"], "serve"]);
    assert.deepEqual(listInstances(folder).map(({ isAlive, report }) => [isAlive, report?.pid]), [[true, Deno.pid]]);
    await presence.end();
    await presence.end();
    assert.deepEqual(listInstances(folder), []);
  }));

Deno.test("enterFolder() lets a server that only reads start when the folder cannot be used, and none that trades", () =>
  withFolder(async (folder) => {
    using records = LogRecords.start();
    await Deno.writeTextFile(join(folder, "instances"), "");
    const presence = await enter(folder, false);
    assert.deepEqual([presence.lock, presence.report.exchange.kind], [undefined, "simulated"]);
    assert.equal(records.of("status and kill cannot show this server").length, 1);
    await presence.end();
    await assert.rejects(enter(folder, true), { name: "StateError" });
  }));
