import assert from "node:assert/strict";
import { HaltWatch } from "../../src/trading/halt_watch.ts";
import type { OrderKind } from "../../src/trading/kill_switch.ts";
import { NOW, withStore } from "./stores.ts";

Deno.test("HaltWatch.look() cancels what is open once for each wish, whoever made it", () =>
  withStore(async (store, { open }) => {
    const cancelled: OrderKind[] = [];
    const cancelOpen = (kinds: readonly OrderKind[]) => Promise.resolve(void cancelled.push(...kinds));
    const watch = new HaltWatch({ killSwitch: store.killSwitch, kinds: ["real"], cancelOpen });
    await watch.look();
    const { killSwitch } = open();
    killSwitch.pull({ by: "terminal", reason: "test", now: NOW });
    await watch.look();
    assert.deepEqual(cancelled, []);
    killSwitch.pull({ by: "terminal", reason: "test", cancelOpen: true, now: NOW });
    await Promise.all([watch.look(), watch.look()]);
    await watch.look();
    assert.deepEqual(cancelled, ["real"]);
  }));

Deno.test("HaltWatch.look() survives a cancellation that fails and a record that cannot be read", () =>
  withStore(async (store) => {
    const cancelOpen = () => Promise.reject(new Error("no"));
    const watch = new HaltWatch({ killSwitch: store.killSwitch, kinds: ["real"], cancelOpen });
    store.killSwitch.pull({ by: "terminal", reason: "test", cancelOpen: true, now: NOW });
    await watch.look();
    store.close();
    await watch.look();
  }));
