import assert from "node:assert/strict";
import fc from "fast-check";
import { ExchangeError } from "../../src/exchange/errors.ts";
import { isTransient, parseRetryAfter, pauseMs } from "../../src/exchange/retry.ts";

Deno.test("pauseMs() grows to 5 s with full jitter and is never shorter than the exchange asks", () => {
  assert.deepEqual([1, 2, 6].map((attempt) => pauseMs(attempt, () => 1)), [300, 600, 5_000]);
  assert.equal(pauseMs(3, () => 0), 0);
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 1000 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat(100_000),
    (attempt, random, retryAfterMs) => {
      const pause = pauseMs(attempt, () => random, retryAfterMs);
      assert.ok(pause >= retryAfterMs && pause <= Math.max(5_000, retryAfterMs));
    },
  ));
});

Deno.test("parseRetryAfter() reads seconds, and dates relative to the exchange's own clock", () => {
  const parse = (value: string, date?: string) =>
    parseRetryAfter(new Headers({ "retry-after": value, ...(date === undefined ? {} : { date }) }));
  assert.equal(parse("3"), 3_000);
  assert.equal(parse("0"), 0);
  assert.equal(parse("Sun, 22 Nov 2026 10:00:07 GMT", "Sun, 22 Nov 2026 10:00:00 GMT"), 7_000);
  assert.equal(parse("Sun, 22 Nov 2026 09:00:00 GMT", "Sun, 22 Nov 2026 10:00:00 GMT"), 0);
  for (const nonsense of ["", "soon", "-5", "1e9"]) assert.equal(parse(nonsense), undefined, nonsense);
  assert.equal(parseRetryAfter(new Headers()), undefined);
});

Deno.test("isTransient() is true only for failures that may be over by the next attempt", () => {
  assert.ok(isTransient(new ExchangeError("Cannot", { code: "ERR_NETWORK", retryable: true })));
  assert.ok(isTransient(new ExchangeError("Cannot", { code: "ERR_ANSWER_INVALID", retryable: true })));
  assert.ok(!isTransient(new ExchangeError("Cannot", { code: "ERR_ANSWER_INVALID" })));
  assert.ok(!isTransient(new ExchangeError("Cannot", { code: "ERR_NETWORK" })));
  assert.ok(!isTransient(new ExchangeError("Cannot", { code: "ERR_BUDGET_EXHAUSTED", retryable: true })));
  assert.ok(!isTransient(new Error("ERR_NETWORK")));
});
