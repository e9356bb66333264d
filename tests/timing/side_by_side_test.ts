import assert from "node:assert/strict";
import { sideBySide } from "../../src/timing/side_by_side.ts";

Deno.test("sideBySide() works on so many at a time, and answers in the order of the items", async () => {
  let running = 0;
  let most = 0;
  const doubled = await sideBySide([5, 1, 4, 2, 3], async (item) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await undefined;
    running--;
    return 2 * item;
  }, 2);
  assert.deepEqual([doubled, most], [[10, 2, 8, 4, 6], 2]);
  assert.deepEqual(await sideBySide([], () => Promise.reject(new Error("no")), 2), []);
});

Deno.test("sideBySide() rejects with the first that does", async () => {
  const refuse = (item: number) => item === 2 ? Promise.reject(new Error("no 2")) : Promise.resolve(item);
  await assert.rejects(sideBySide([1, 2, 3], refuse, 2), { message: "no 2" });
});
