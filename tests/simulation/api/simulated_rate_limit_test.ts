import assert from "node:assert/strict";
import { RateLimit } from "../../../src/simulation/api/simulated_rate_limit.ts";

Deno.test("RateLimit.admits() counts each caller separately, or all together, or nobody", () => {
  const admitted = (perMinute: number, scope: "key" | "all") => {
    const limit = new RateLimit({ perMinute, scope });
    return ["a", "b", "a"].map((caller) => limit.admits(caller, 0));
  };
  assert.deepEqual(admitted(1, "key"), [true, true, false]);
  assert.deepEqual(admitted(1, "all"), [true, false, false]);
  assert.deepEqual(admitted(0, "key"), [true, true, true]);
});
