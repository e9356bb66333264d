import assert from "node:assert/strict";
import fc from "fast-check";
import { RedisClock } from "../../../../src/state/shared/redis/feed/redis_clock.ts";

/** A command: how long it was on its way to Redis and back, and the pause after it. */
const command = fc.record({
  there: fc.integer({ min: 0, max: 500 }),
  back: fc.integer({ min: 0, max: 500 }),
  pause: fc.integer({ min: 0, max: 5_000 }),
});

Deno.test("RedisClock reports no moment later than it was, on either clock, and none earlier by more than a command takes", () => {
  fc.assert(fc.property(fc.integer(), fc.array(command, { minLength: 1, maxLength: 30 }), (ahead, commands) => {
    const clock = new RedisClock();
    let now = 1_000_000;
    for (const { there, back, pause } of commands) {
      const sentMs = now;
      const redisMs = now + there + ahead;
      now += there + back;
      clock.note(redisMs, { sentMs, receivedMs: now });
      const [asRedis, asLocal] = [clock.toRedis(now - 7), clock.toLocal(now - 7 + ahead)];
      assert.ok(asRedis <= now - 7 + ahead && asRedis >= now - 7 + ahead - there - back);
      assert.ok(asLocal <= now - 7 && asLocal >= now - 7 - there - back);
      now += pause;
    }
  }));
});

Deno.test("RedisClock uses only the last answer once a clock was set", () => {
  const clock = new RedisClock();
  for (const redisMs of [5_000, 5_010, 5_020]) {
    clock.note(redisMs, { sentMs: redisMs - 5_001, receivedMs: redisMs - 4_999 });
  }
  for (const redisMs of [90_000, 200]) {
    clock.note(redisMs, { sentMs: 100, receivedMs: 102 });
    assert.equal(clock.toRedis(101), redisMs - 1);
    assert.equal(clock.toLocal(redisMs), 100);
  }
});
