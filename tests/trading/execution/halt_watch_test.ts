import assert from "node:assert/strict";
import { join } from "node:path";
import { HaltWatch } from "../../../src/trading/execution/halt_watch.ts";
import { HALT_FILE } from "../../../src/trading/record/kill_switch.ts";
import { NOW, withStore } from "../stores.ts";

function watchOf(store: Parameters<Parameters<typeof withStore>[0]>[0], look: () => Promise<void> = async () => {}) {
  return new HaltWatch({ killSwitch: store.killSwitch, cancellation: { look }, now: () => NOW });
}

Deno.test("HaltWatch.look() has the audit tell of the file, and looks what is to be cancelled", () =>
  withStore(async (store, { folder }) => {
    let looks = 0;
    const watch = watchOf(store, () => Promise.resolve(void looks++));
    await Deno.writeTextFile(join(folder, HALT_FILE), "");
    await watch.look();
    await watch.look();
    assert.deepEqual(store.audit.trail({}).map(({ event }) => event), ["halt_file"]);
    assert.equal(looks, 2);
  }));

Deno.test("HaltWatch.look() survives a cancellation that fails and a record that cannot be read", () =>
  withStore(async (store) => {
    const watch = watchOf(store, () => Promise.reject(new Error("no")));
    await watch.look();
    store.close();
    await watch.look();
  }));
