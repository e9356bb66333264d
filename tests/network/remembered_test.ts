import assert from "node:assert/strict";
import { remembered } from "../../src/network/remembered.ts";

Deno.test("remembered() answers the same text once, false answers too", () => {
  const asked: string[] = [];
  const isLong = remembered((text) => {
    asked.push(text);
    return text.length > 3;
  });
  assert.deepEqual(["host", "via", "host", "via"].map(isLong), [true, false, true, false]);
  assert.deepEqual(asked, ["host", "via"]);
});

Deno.test("remembered() keeps no long texts, and few in all", () => {
  let asked = 0;
  const count = remembered(() => ++asked);
  const long = "x".repeat(201);
  assert.deepEqual([count(long), count(long)], [1, 2]);
  const first = count("first");
  for (let index = 0; index < 200; index++) count(`text ${index}`);
  assert.notEqual(count("first"), first);
});
