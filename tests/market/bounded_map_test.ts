import assert from "node:assert/strict";
import { BoundedMap } from "../../src/market/bounded_map.ts";

Deno.test("BoundedMap forgets what was set longest ago when it holds too many bytes", () => {
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

Deno.test("BoundedMap keeps nothing that is larger than itself, nor what it had for that key", () => {
  const map = new BoundedMap<string, number>(10);
  map.set("a", 1, 4);
  map.set("a", 2, 11);
  assert.equal(map.get("a"), undefined);
  map.set("b", 3, 10);
  assert.equal(map.get("b"), 3);
});
