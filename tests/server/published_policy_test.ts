import assert from "node:assert/strict";
import { followPolicy } from "../../src/server/published_policy.ts";
import { openTradingRecord } from "../../src/server/open_trading_record.ts";
import { loadConfig } from "../../src/config/load.ts";
import { CurrentPolicies } from "../../src/trading/policy/policies.ts";
import { StoreError } from "../../src/trading/record/store_error.ts";
import type { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { TestWorld } from "../cli/world.ts";
import { answeringLate } from "../trading/late_record.ts";
import { NOW, withStore } from "../trading/stores.ts";

function publish({ published }: SqliteRecord, content: object | string): void {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  published.publish({ kind: "policy", text, by: "test", now: NOW });
}

const OBSERVE = { default: { mode: "observe" } };

Deno.test("followPolicy().open() puts the published policy in force, with its version", () =>
  withStore(async (store) => {
    const policies = new CurrentPolicies("auto");
    const policy = followPolicy(policies, { hasOwn: false, isServer: false });
    assert.deepEqual(await policy.open(answeringLate(store).published), []);
    assert.equal(policies.of("local").version, undefined);
    publish(store, OBSERVE);
    assert.deepEqual(await policy.open(answeringLate(store).published), []);
    assert.deepEqual([policies.of("local").mode, policies.of("local").version], ["observe", 1]);
  }));

Deno.test("followPolicy().look() applies a new version, and keeps the old one when the new one is invalid or unreadable", () =>
  withStore(async (store) => {
    const policies = new CurrentPolicies("auto");
    const policy = followPolicy(policies, { hasOwn: false, isServer: false });
    let isReachable = true;
    const { published } = answeringLate(store);
    await policy.open({
      current: (kind) => isReachable ? published.current(kind) : Promise.reject(new StoreError("unavailable")),
      find: (...args) => published.find(...args),
    });
    publish(store, OBSERVE);
    assert.equal(await policy.look(), true);
    assert.equal(await policy.look(), false);
    isReachable = false;
    publish(store, { default: { mode: "confirm" } });
    assert.equal(await policy.look(), false);
    assert.equal(policies.of("local").mode, "observe");
    isReachable = true;
    assert.equal(await policy.look(), true);
    publish(store, '{"default":{"mode":"a mode of a later version"}}');
    assert.equal(await policy.look(), false);
    assert.deepEqual([policies.of("local").mode, policies.version], ["confirm", 2]);
  }));

Deno.test("followPolicy().open() names both when a file and a published policy exist", () =>
  withStore(async (store) => {
    publish(store, OBSERVE);
    const policy = followPolicy(new CurrentPolicies("auto"), { hasOwn: true, isServer: true });
    const [problem] = await policy.open(answeringLate(store).published);
    assert.match(problem ?? "", /^--policy: expected no file, as version 1 of it was published/);
  }));

Deno.test("openTradingRecord() uses the published policy, shows its version, and keeps it when it reads files again", () =>
  withStore(async (store, { folder: state }) => {
    publish(store, OBSERVE);
    const loaded = await loadConfig({ exchange: "simulated", trading: "auto", state }, () => undefined);
    assert.ok(loaded.ok);
    const opened = await openTradingRecord(loaded, new TestWorld(), { isServer: true });
    assert.ok(opened.ok && opened.record !== undefined, JSON.stringify(opened));
    const { policies, presence, reload, close } = opened.record;
    const shown = () => presence.report.trading.published;
    assert.deepEqual([policies.of("local").mode, shown()?.version, shown()?.is_current], ["observe", 1, true]);
    publish(store, { default: { mode: "confirm" } });
    assert.deepEqual(await reload(), []);
    assert.deepEqual([policies.of("local").mode, shown()?.version], ["confirm", 2]);
    await close();
  }));
