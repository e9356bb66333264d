import assert from "node:assert/strict";
import { join } from "node:path";
import { HaltWatch } from "../../../src/trading/execution/halt_watch.ts";
import { KillSwitch } from "../../../src/trading/execution/kill_switch.ts";
import type { SqliteRecord } from "../../../src/state/record/sqlite/record.ts";
import { HALT_FILE } from "../../../src/trading/record/halts.ts";
import { LogRecords } from "../../support/log_records.ts";
import { answeringLate } from "../late_record.ts";
import { NOW, withStore } from "../stores.ts";

function watchOf({ halts }: SqliteRecord, look: () => Promise<void>) {
  const killSwitch = new KillSwitch({ halts: answeringLate(halts) });
  return new HaltWatch({ killSwitch, cancellation: { look }, now: () => NOW });
}

Deno.test("HaltWatch.look() records the halt file in the audit, and reads what is to be cancelled", () =>
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

Deno.test("HaltWatch.stop() prevents a running check from reporting the closed record as a failure", () =>
  withStore(async (store) => {
    using records = LogRecords.start();
    const look = () => {
      store.close();
      return Promise.resolve(void store.halts.state());
    };
    const watch = watchOf(store, look);
    const looked = watch.look();
    watch.stop();
    await looked;
    assert.deepEqual(records.of("cannot read or write the halt"), []);
  }));
