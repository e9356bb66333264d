import assert from "node:assert/strict";
import { flatMapInSlices } from "../../src/timing/slices.ts";
import { mostBetweenTurns } from "../support/turns.ts";

Deno.test("flatMapInSlices() returns all results in the order of the items", async () => {
  const items = Array.from({ length: 25 }, (_, number) => number);
  const map = (item: number) => item % 2 === 0 ? [] : [item, -item];
  assert.deepEqual(await flatMapInSlices(items, { size: 10, map }), items.flatMap(map));
  assert.deepEqual(await flatMapInSlices([], { size: 10, map }), []);
});

Deno.test("flatMapInSlices() gives other work a turn after each slice", async () => {
  const items = Array.from({ length: 95 }, (_, number) => number);
  let mapped = 0;
  const map = (item: number) => {
    mapped++;
    return [item];
  };
  assert.equal(await mostBetweenTurns(() => flatMapInSlices(items, { size: 10, map }), () => mapped), 10);
});

Deno.test("flatMapInSlices() rejects with what an item throws", async () => {
  const map = (item: number) => {
    if (item === 15) throw new RangeError("not this one");
    return [item];
  };
  const items = Array.from({ length: 20 }, (_, number) => number);
  await assert.rejects(flatMapInSlices(items, { size: 10, map }), RangeError);
});
