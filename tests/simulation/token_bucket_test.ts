import assert from "node:assert/strict";
import { TokenBucket } from "../../src/simulation/token_bucket.ts";

Deno.test("TokenBucket.take() empties a full bucket, refills evenly and never beyond its capacity", () => {
  const bucket = new TokenBucket({ capacity: 2, refillMs: 100 });
  const taken = [0, 0, 0, 99, 100, 100, 10_000, 10_000, 10_000].map((nowMs) => bucket.take(nowMs));
  assert.deepEqual(taken, [true, true, false, false, true, false, true, true, false]);
});
