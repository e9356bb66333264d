import assert from "node:assert/strict";
import fc from "fast-check";
import { Backoff } from "../../src/client/reconnect_backoff.ts";

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

Deno.test("Backoff.next() stays within ceilings that double from the first to the longest delay", () => {
  fc.assert(fc.property(fc.array(chance, { minLength: 1, maxLength: 40 }), (chances) => {
    let drawn = 0;
    const backoff = new Backoff({ random: () => chances[drawn++] ?? 0, firstMs: 100, longestMs: 5_000 });
    chances.forEach((chance, attempt) => {
      const ceiling = Math.min(5_000, 100 * 2 ** attempt);
      assert.equal(backoff.next(), Math.ceil(chance * ceiling));
    });
  }));
});

Deno.test("Backoff.next() has full jitter: delays near zero and near the ceiling both occur", () => {
  const shares = [0, 0.999];
  for (const share of shares) {
    const backoff = new Backoff({ random: () => share, firstMs: 1_000, longestMs: 1_000 });
    assert.equal(backoff.next(), share * 1_000);
  }
});

Deno.test("Backoff.next() never retries before the server's own delay, of which it accepts at most five minutes", () => {
  fc.assert(fc.property(chance, fc.integer({ min: -1_000, max: 10_000_000 }), (chance, asked) => {
    const pause = new Backoff({ random: () => chance }).next(asked);
    assert.ok(pause >= Math.min(Math.max(asked, 0), 300_000), `${pause}`);
    assert.ok(pause <= 300_000 + 500, `${pause}`);
  }));
});

Deno.test("Backoff.reset() starts over with the first ceiling", () => {
  const backoff = new Backoff({ random: () => 0.5, firstMs: 100 });
  const first = [backoff.next(), backoff.next(), backoff.next()];
  backoff.reset();
  assert.deepEqual([...first, backoff.next()], [50, 100, 200, 50]);
});
