import assert from "node:assert/strict";
import { tellableSkewMs } from "../../src/exchange/clock_skew.ts";

Deno.test("tellableSkewMs() reports whole seconds, and none when the clocks agree", () => {
  for (const [measured, told] of [[-999, 0], [-1, 0], [0, 0], [1, 1_000], [-1_000, -1_000], [4_321, 5_000]] as const) {
    assert.equal(tellableSkewMs(measured), told);
    assert.ok(!Object.is(tellableSkewMs(measured), -0));
  }
});
