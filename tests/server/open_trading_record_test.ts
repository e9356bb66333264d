import assert from "node:assert/strict";
import { join } from "node:path";
import { openTradingRecord } from "../../src/server/open_trading_record.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { DAY_MS } from "../../src/trading/policy/limits.ts";
import { entry, FREE, INSTANCE, NOW, place, withStore } from "../trading/stores.ts";
import { TestWorld } from "../cli/world.ts";

async function open(flags: Record<string, string>, { isServer }: { isServer: boolean }) {
  const loaded = await loadConfig({ exchange: "simulated", trading: "auto", ...flags }, () => undefined);
  assert.ok(loaded.ok);
  const opened = await openTradingRecord(loaded, new TestWorld(), { isServer });
  assert.ok(opened.ok && opened.record !== undefined, JSON.stringify(opened));
  return opened.record;
}

function archivedIn({ audit }: SqliteRecord): number {
  const verified = audit.verify();
  return verified.ok ? verified.archived ?? 0 : assert.fail(verified.reason);
}

Deno.test("openTradingRecord() of a server archives rows older than --record-retention, that of a short command archives nothing", () =>
  withStore(async (store, { folder: state }) => {
    place(store, "old", { at: NOW - 8 * DAY_MS });
    await (await open({ state, "record-retention": "7" }, { isServer: false })).close();
    await (await open({ state }, { isServer: true })).close();
    assert.equal(archivedIn(store), 0);
    await (await open({ state, "record-retention": "7" }, { isServer: true })).close();
    assert.equal(archivedIn(store), 3);
    assert.ok(store.audit.verify().ok);
  }));

Deno.test("openTradingRecord() opens when nothing can be archived", () =>
  withStore(async (store, { folder: state }) => {
    place(store, "old", { at: NOW - 8 * DAY_MS });
    await Deno.writeTextFile(join(state, "archive"), "");
    await (await open({ state, "record-retention": "7" }, { isServer: true })).close();
    assert.equal(store.audit.trail({}).length, 3);
  }));

Deno.test("openTradingRecord() of a server takes over what ended processes left, that of a short command takes over nothing", () =>
  withStore(async (store, { folder: state }) => {
    store.journal.begin(entry("left"), FREE, NOW);
    store.instances.remove(INSTANCE.id);
    const command = await open({ state }, { isServer: false });
    assert.equal(await command.instance.takeOver(), 0);
    await command.close();
    const server = await open({ state }, { isServer: true });
    assert.equal(await server.instance.takeOver(), 1);
    assert.equal(store.journal.find("lm-left")?.instance, server.instance.id);
    await server.close();
    assert.deepEqual(store.instances.alive(), []);
  }));
