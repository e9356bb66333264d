import assert from "node:assert/strict";
import { BoundedMap } from "../../src/market/bounded_map.ts";

Deno.test("BoundedMap evicts the oldest entry when it holds too many bytes", () => {
  const map = new BoundedMap<string, number>(10);
  map.set("a", 1, 4);
  map.set("b", 2, 4);
  map.set("a", 3, 4);
  map.set("c", 4, 4);
  assert.deepEqual(["a", "b", "c"].map((key) => map.get(key)), [3, undefined, 4]);
  map.set("d", 5, 10);
  assert.deepEqual(["a", "c", "d"].map((key) => map.get(key)), [undefined, undefined, 5]);
  assert.equal(map.size, 1);
});

Deno.test("BoundedMap stores nothing larger than its maximum, and drops the former value of that key", () => {
  const map = new BoundedMap<string, number>(10);
  map.set("a", 1, 4);
  map.set("a", 2, 11);
  assert.equal(map.get("a"), undefined);
  map.set("b", 3, 10);
  assert.equal(map.get("b"), 3);
});

Deno.test("BoundedMap.dropWhile() evicts the oldest up to the first that is still useful, with their bytes", () => {
  const map = new BoundedMap<string, number>(10);
  for (const [index, key] of ["a", "b", "c", "d"].entries()) map.set(key, index, 2);
  map.dropWhile((value) => value !== 2);
  assert.deepEqual(["a", "b", "c", "d"].map((key) => map.get(key)), [undefined, undefined, 2, 3]);
  map.set("e", 4, 6);
  assert.deepEqual(["c", "d", "e"].map((key) => map.get(key)), [2, 3, 4]);
});
