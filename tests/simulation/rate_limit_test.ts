import assert from "node:assert/strict";
import { RateLimit, TokenBucket } from "../../src/simulation/rate_limit.ts";

Deno.test("TokenBucket.take() empties a full bucket, refills evenly and never beyond its capacity", () => {
  const bucket = new TokenBucket({ capacity: 2, refillMs: 100 });
  const taken = [0, 0, 0, 99, 100, 100, 10_000, 10_000, 10_000].map((nowMs) => bucket.take(nowMs));
  assert.deepEqual(taken, [true, true, false, false, true, false, true, true, false]);
});

Deno.test("RateLimit.admits() counts each caller alone, or all together, or nobody", () => {
  const admitted = (perMinute: number, scope: "key" | "all") => {
    const limit = new RateLimit({ perMinute, scope });
    return ["a", "b", "a"].map((caller) => limit.admits(caller, 0));
  };
  assert.deepEqual(admitted(1, "key"), [true, true, false]);
  assert.deepEqual(admitted(1, "all"), [true, false, false]);
  assert.deepEqual(admitted(0, "key"), [true, true, true]);
});
