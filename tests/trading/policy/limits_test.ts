import assert from "node:assert/strict";
import { checkLimits, startOfUtcDay } from "../../../src/trading/policy/limits.ts";
import type { Candidate, CountingLimits, Use } from "../../../src/trading/policy/limits.ts";
import { NOW } from "../stores.ts";

const UNUSED: Use = { spentToday: [], openOrders: 0, refusals: [] };

function refusalOf(
  limits: CountingLimits,
  use: Partial<Use>,
  { now = NOW, notional = { currency: "ZAR", amount: "100" } }: Partial<Candidate> = {},
): [string, number | undefined] | null {
  const refusal = checkLimits(limits, { use: { ...UNUSED, ...use }, notional, now });
  return refusal === null ? null : [refusal.code, refusal.retryAfterMs];
}

Deno.test("startOfUtcDay() is midnight in UTC, also at midnight", () => {
  const midnight = Date.UTC(2026, 10, 22);
  for (const at of [midnight, midnight + 1, midnight + 86_399_999]) assert.equal(startOfUtcDay(at), midnight);
  assert.equal(startOfUtcDay(midnight - 1), midnight - 86_400_000);
});

Deno.test("refusalOf() limits nothing that a policy does not name", () => {
  const busy = { spentToday: ["1000000000"], openOrders: 1_000, minuteFullSince: NOW, refusals: [NOW, NOW] };
  assert.equal(refusalOf({}, busy, { notional: null }), null);
});

Deno.test("refusalOf() lets a day be used to the last cent, exactly", () => {
  const maxPerDay = { amount: "1000.30", currency: "ZAR" };
  const spentToday = ["900.1", "0.2"];
  assert.equal(refusalOf({ maxPerDay }, { spentToday }), null);
  const over = refusalOf({ maxPerDay }, { spentToday: [...spentToday, "0.00000001"] });
  assert.deepEqual(over, ["ERR_LIMIT_PER_DAY", 14 * 3_600_000]);
});

Deno.test("refusalOf() refuses an order whose value in the limit's currency is unknown", () => {
  const maxPerDay = { amount: "1000", currency: "ZAR" };
  for (const notional of [null, { currency: "EUR", amount: "1" }]) {
    assert.deepEqual(refusalOf({ maxPerDay }, {}, { notional }), ["ERR_LIMIT_PER_DAY", undefined]);
  }
});

Deno.test("refusalOf() allows as many orders per minute as the policy says, in any 60 seconds", () => {
  const limits = { maxOrdersPerMinute: 2 };
  assert.equal(refusalOf(limits, {}), null);
  assert.deepEqual(refusalOf(limits, { minuteFullSince: NOW - 59_999 }), ["ERR_LIMIT_RATE", 1]);
  assert.equal(refusalOf(limits, { minuteFullSince: NOW - 60_000 }), null);
  assert.deepEqual(refusalOf(limits, { minuteFullSince: NOW - 20_000 }), ["ERR_LIMIT_RATE", 40_000]);
  assert.deepEqual(refusalOf(limits, { minuteFullSince: NOW + 20_000 }), ["ERR_LIMIT_RATE", 60_000]);
  assert.deepEqual(refusalOf({ maxOrdersPerMinute: 0 }, {}), ["ERR_LIMIT_RATE", 60_000]);
});

Deno.test("refusalOf() allows as many open orders as the policy says", () => {
  assert.equal(refusalOf({ maxOpenOrders: 3 }, { openOrders: 2 }), null);
  assert.deepEqual(refusalOf({ maxOpenOrders: 3 }, { openOrders: 3 }), ["ERR_LIMIT_OPEN_ORDERS", undefined]);
});

Deno.test("refusalOf() pauses from the last refusal that exceeded the number within the time", () => {
  const coolOff = { rejects: 3, withinSeconds: 10, pauseSeconds: 60 };
  const refusals = [NOW - 10_000, NOW - 5_000, NOW];
  assert.deepEqual(refusalOf({ coolOff }, { refusals }), ["ERR_COOLING_OFF", 60_000]);
  assert.deepEqual(refusalOf({ coolOff }, { refusals }, { now: NOW + 59_999 }), ["ERR_COOLING_OFF", 1]);
  assert.equal(refusalOf({ coolOff }, { refusals }, { now: NOW + 60_000 }), null);
  assert.equal(refusalOf({ coolOff }, { refusals: [NOW - 10_001, NOW - 5_000, NOW] }), null);
  assert.equal(refusalOf({ coolOff }, { refusals: [NOW - 5_000, NOW] }), null);
});

Deno.test("refusalOf() does not end a pause by a single late refusal", () => {
  const coolOff = { rejects: 2, withinSeconds: 1, pauseSeconds: 60 };
  assert.deepEqual(refusalOf({ coolOff }, { refusals: [NOW - 30_000, NOW - 29_500, NOW] }), [
    "ERR_COOLING_OFF",
    30_500,
  ]);
});
