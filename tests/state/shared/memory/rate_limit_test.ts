import assert from "node:assert/strict";
import fc from "fast-check";
import { MemoryRateLimit } from "../../../../src/state/shared/memory/rate_limit.ts";

function limitOf(perMinute: number) {
  const clock = { now: 0 };
  return { clock, limit: new MemoryRateLimit({ perMinute: () => perMinute, now: () => clock.now }) };
}

Deno.test("MemoryRateLimit.take() allows a full bucket at once, then says when the next token is available", () => {
  const { clock, limit } = limitOf(60);
  for (let i = 0; i < 60; i++) assert.deepEqual(limit.take("a"), { ok: true });
  assert.deepEqual(limit.take("a"), { ok: false, retryAfterMs: 1_000 });
  clock.now += 999;
  assert.deepEqual(limit.take("a"), { ok: false, retryAfterMs: 1 });
  clock.now += 1;
  assert.deepEqual(limit.take("a"), { ok: true });
});

Deno.test("MemoryRateLimit.take() counts each key separately", () => {
  const { limit } = limitOf(1);
  assert.ok(limit.take("a").ok);
  assert.ok(!limit.take("a").ok);
  assert.ok(limit.take("b").ok);
});

Deno.test("MemoryRateLimit never allows more than its bucket and what has refilled, for any timing of callers", () => {
  const steps = fc.array(fc.record({ wait: fc.nat(5_000), tries: fc.nat(20) }), { maxLength: 50 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), steps, (perMinute, steps) => {
    const { clock, limit } = limitOf(perMinute);
    let passed = 0;
    for (const { wait, tries } of steps) {
      clock.now += wait;
      for (let i = 0; i < tries; i++) if (limit.take("a").ok) passed++;
      assert.ok(passed <= perMinute + clock.now * perMinute / 60_000 + 1e-6);
    }
  }));
});

Deno.test("MemoryRateLimit.take() is right about when to retry", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 5_000 }), fc.nat(3_000), (perMinute, used) => {
    const { clock, limit } = limitOf(perMinute);
    for (let i = 0; i < used; i++) limit.take("a");
    const refused = limit.take("a");
    if (refused.ok) return;
    clock.now += refused.retryAfterMs;
    assert.ok(limit.take("a").ok);
  }));
});

Deno.test("MemoryRateLimit.use() and keysAbove() name the heaviest users", () => {
  const { limit } = limitOf(10);
  for (let i = 0; i < 6; i++) limit.take("eager");
  limit.take("calm");
  assert.equal(limit.use("eager"), 0.6);
  assert.equal(limit.use("nobody"), 0);
  assert.deepEqual(limit.keysAbove(0.5), ["eager"]);
});

Deno.test("MemoryRateLimit remembers keys at their limit when very many others arrive", () => {
  const { limit } = limitOf(1);
  limit.take("eager");
  for (let i = 0; i < 9_000; i++) limit.take(`other ${i}`);
  assert.ok(!limit.take("eager").ok);
});
