import assert from "node:assert/strict";
import { inParallel } from "../../src/timing/in_parallel.ts";

Deno.test("inParallel() works on a limited number at a time, and returns results in the order of the items", async () => {
  let running = 0;
  let most = 0;
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await undefined;
    running--;
    return 2 * item;
  };
  assert.deepEqual(await inParallel([5, 1, 4, 2, 3], { atOnce: 2, work }), [10, 2, 8, 4, 6]);
  assert.equal(most, 2);
  assert.deepEqual(await inParallel([], { atOnce: 2, work }), []);
});

Deno.test("inParallel() rejects with the first item that does", async () => {
  const work = (item: number) => item === 2 ? Promise.reject(new Error("no 2")) : Promise.resolve(item);
  await assert.rejects(inParallel([1, 2, 3], { atOnce: 2, work }), { message: "no 2" });
});
