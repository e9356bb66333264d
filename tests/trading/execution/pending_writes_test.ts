import assert from "node:assert/strict";
import { StoreError } from "../../../src/trading/record/store_error.ts";
import { LogRecords } from "../../support/log_records.ts";
import { PendingWrites } from "../../../src/trading/execution/pending_writes.ts";

/** Changes of a record that answers late, and that can fail. */
class LateChanges {
  readonly done: string[] = [];
  isStuck = false;

  /** A change of this name. */
  of(name: string): () => Promise<string> {
    return async () => {
      await Promise.resolve();
      if (this.isStuck) throw new StoreError("busy");
      this.done.push(name);
      return name;
    };
  }
}

Deno.test("PendingWrites.write() writes one change after another, in the order of the calls", async () => {
  const [writes, changes] = [new PendingWrites(), new LateChanges()];
  const quick = () => Promise.resolve(changes.done.push("quick"));
  await Promise.all([writes.write(changes.of("late")), writes.write(quick)]);
  assert.deepEqual(changes.done, ["late", "quick"]);
});

Deno.test("PendingWrites lets no later change overtake one that is kept, also while that one is retried", async () => {
  const [writes, changes] = [new PendingWrites(), new LateChanges()];
  changes.isStuck = true;
  assert.deepEqual(await Promise.all(["a", "b"].map((name) => writes.write(changes.of(name)))), [undefined, undefined]);
  assert.match(writes.reason ?? "", /another process holds it/);
  assert.equal(await writes.retry(), false);
  changes.isStuck = false;
  const answers = await Promise.all([writes.retry(), writes.write(changes.of("c"))]);
  assert.deepEqual([answers, changes.done, writes.reason], [[true, "c"], ["a", "b", "c"], null]);
});

Deno.test("PendingWrites drops a change that can never be written, logs that, and writes all others", async () => {
  const [writes, changes] = [new PendingWrites(), new LateChanges()];
  const LEFT_OUT = "cannot write a change to the trading database; the change is dropped";
  const hopeless = () => Promise.reject(new TypeError("a mistake"));
  using said = LogRecords.start();
  assert.equal(await writes.write(hopeless), undefined);
  assert.deepEqual([writes.reason, said.of(LEFT_OUT).length], [null, 1]);
  changes.isStuck = true;
  const asked = [changes.of("a"), hopeless, changes.of("b")];
  await Promise.all(asked.map((change) => writes.write(change)));
  changes.isStuck = false;
  assert.equal(await writes.retry(), true);
  assert.deepEqual([changes.done, writes.reason, said.of(LEFT_OUT).length], [["a", "b"], null, 2]);
});
