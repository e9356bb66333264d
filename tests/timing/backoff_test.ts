import assert from "node:assert/strict";
import fc from "fast-check";
import { pauseAfter } from "../../src/timing/backoff.ts";

const share = fc.double({ min: 0, max: 1, noNaN: true });

Deno.test("pauseAfter() doubles from the first pause to the longest, after any number of attempts", () => {
  const pauses = [1, 2, 3, 4, 5, 6, 2_000].map((attempt) =>
    pauseAfter(attempt, { firstMs: 300, longestMs: 5_000, random: () => 1 })
  );
  assert.deepEqual(pauses, [300, 600, 1_200, 2_400, 4_800, 5_000, 5_000]);
});

Deno.test("pauseAfter() has full jitter by default, and is never below the fixed share otherwise", () => {
  assert.equal(pauseAfter(3, { firstMs: 100, longestMs: 1_000, random: () => 0 }), 0);
  assert.equal(pauseAfter(3, { firstMs: 100, longestMs: 1_000, random: () => 0, certain: 0.5 }), 200);
  fc.assert(fc.property(share, share, fc.integer({ min: 1, max: 1_000 }), (random, certain, attempt) => {
    const pause = pauseAfter(attempt, { firstMs: 250, longestMs: 60_000, random: () => random, certain });
    const longest = Math.min(60_000, 250 * 2 ** (attempt - 1));
    assert.ok(Number.isInteger(pause) && pause >= Math.floor(longest * certain) && pause <= longest, `${pause}`);
  }));
});
