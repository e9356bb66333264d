import assert from "node:assert/strict";
import { PendingWrites } from "../../../src/trading/execution/pending_writes.ts";

/** Changes of a record that answers late, and that can fail. */
class LateChanges {
  readonly done: string[] = [];
  isStuck = false;

  /** A change of this name. */
  of(name: string): () => Promise<string> {
    return async () => {
      await Promise.resolve();
      if (this.isStuck) throw new Error("stuck");
      this.done.push(name);
      return name;
    };
  }
}

Deno.test("PendingWrites.write() writes one change after the other, in the order in which they were asked for", async () => {
  const [writes, changes] = [new PendingWrites(), new LateChanges()];
  const quick = () => Promise.resolve(changes.done.push("quick"));
  await Promise.all([writes.write(changes.of("late")), writes.write(quick)]);
  assert.deepEqual(changes.done, ["late", "quick"]);
});

Deno.test("PendingWrites lets no later change overtake one that is kept, also while that is tried again", async () => {
  const [writes, changes] = [new PendingWrites(), new LateChanges()];
  changes.isStuck = true;
  assert.deepEqual(await Promise.all(["a", "b"].map((name) => writes.write(changes.of(name)))), [undefined, undefined]);
  assert.equal(writes.reason, "stuck");
  assert.equal(await writes.retry(), false);
  changes.isStuck = false;
  const answers = await Promise.all([writes.retry(), writes.write(changes.of("c"))]);
  assert.deepEqual([answers, changes.done, writes.reason], [[true, "c"], ["a", "b", "c"], null]);
});
