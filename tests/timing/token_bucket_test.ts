import assert from "node:assert/strict";
import { TokenBucket } from "../../src/timing/token_bucket.ts";

const RATE = { size: 2, perMs: 1 / 100 };

Deno.test("TokenBucket.take() empties a full bucket, refills evenly and never beyond its size", () => {
  const bucket = new TokenBucket(RATE, 0);
  const waits = [0, 0, 0, 99, 100, 100, 10_000, 10_000, 10_000].map((atMs) => bucket.take(1, { rate: RATE, atMs }));
  assert.deepEqual(waits.map(Math.round), [0, 0, 100, 1, 0, 100, 0, 0, 100]);
});

Deno.test("TokenBucket adds nothing when the clock is set back, nor again for the time that is then repeated", () => {
  const rate = { size: 1, perMs: 1 / 100 };
  const bucket = new TokenBucket(rate, 0);
  const waits = [1_000, 500, 1_000].map((atMs) => bucket.take(1, { rate, atMs }));
  assert.deepEqual(waits.map(Math.round), [0, 100, 100]);
});
