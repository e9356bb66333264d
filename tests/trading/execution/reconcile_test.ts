/** Looking for an order whose answer was lost. */

import assert from "node:assert/strict";
import { checkClock, ExchangeClock } from "../../../src/trading/execution/exchange_clock.ts";
import { type LookParts, lookUp, reconcile } from "../../../src/trading/execution/reconcile.ts";
import { LOOK } from "../executor_world.ts";
import { FaultyExchange, NOON_MS, type WireFault } from "../faulty_exchange.ts";

const ID = { clientOrderId: "lm-1" };
const STALE: WireFault = { kind: "rules", rules: [{ kind: "stale", ms: 60_000 }] };

function partsOf(exchange: FaultyExchange, signal = new AbortController().signal): LookParts {
  const client = exchange.connect();
  const now = () => exchange.clock.now;
  return {
    exchange: client,
    clock: new ExchangeClock({ exchange: client, now, isOurs: false }),
    monotonic: now,
    sleep: (ms) => exchange.advance(ms),
    random: () => 1,
    signal,
  };
}

async function placeAt(exchange: FaultyExchange, timestamp: number): Promise<void> {
  const order = { pair: "XBTZAR", type: "BID", volume: "0.001", price: "900000" } as const;
  await exchange.connect().call("postLimitOrder", {
    ...order,
    client_order_id: ID.clientOrderId,
    timestamp,
    ttl: 5_000,
  });
}

Deno.test("lookUp() distinguishes found, absent and failed", async () => {
  await using exchange = new FaultyExchange();
  const parts = partsOf(exchange);
  assert.equal((await lookUp(parts, ID)).kind, "absent");
  await placeAt(exchange, NOON_MS);
  assert.equal((await lookUp(parts, ID)).kind, "found");
  exchange.fault = () => ({ kind: "rules", rules: [{ kind: "html", status: 404 }] });
  assert.equal((await lookUp(parts, ID)).kind, "failed");
});

Deno.test("reconcile() accepts absence only after two look-ups past the deadline by the exchange's clock", async () => {
  await using exchange = new FaultyExchange();
  const finding = await reconcile(partsOf(exchange), { ...ID, absentAfter: NOON_MS + 8_000 });
  assert.equal(finding.kind, "absent");
  assert.ok(exchange.clock.now > NOON_MS + 8_000 + 1_000, `ended at ${exchange.clock.now - NOON_MS}`);
});

Deno.test("reconcile() is not misled by one lagging look-up after the deadline", async () => {
  await using exchange = new FaultyExchange();
  await placeAt(exchange, NOON_MS);
  await exchange.advance(20_000);
  let looks = 0;
  exchange.fault = ({ path }) => path === LOOK && ++looks === 1 ? STALE : undefined;
  assert.equal((await reconcile(partsOf(exchange), { ...ID, absentAfter: NOON_MS + 8_000 })).kind, "found");
});

Deno.test("reconcile() counts consecutive look-ups: a failed one in between starts over", async () => {
  await using exchange = new FaultyExchange();
  await exchange.advance(20_000);
  let looks = 0;
  const failing: WireFault = { kind: "rules", rules: [{ kind: "html", status: 404 }] };
  exchange.fault = () => ++looks === 2 ? failing : undefined;
  assert.equal((await reconcile(partsOf(exchange), { ...ID, absentAfter: NOON_MS })).kind, "absent");
  assert.equal(looks, 4);
});

Deno.test("reconcile() stays undecided when absence is never accepted, and after its patience", async () => {
  await using exchange = new FaultyExchange();
  assert.equal((await reconcile(partsOf(exchange), { ...ID, absentAfter: null })).kind, "undecided");
  const spent = exchange.clock.now - NOON_MS;
  assert.ok(spent > 25_000 && spent <= 30_000, `${spent}`);
});

Deno.test("reconcile() ends at once when it is stopped", async () => {
  await using exchange = new FaultyExchange();
  const parts = partsOf(exchange, AbortSignal.abort());
  assert.equal((await reconcile(parts, { ...ID, absentAfter: NOON_MS })).kind, "undecided");
  assert.equal(exchange.seen.length, 0);
});

Deno.test("checkClock() allows for the second that the Date header hides, and for a slow answer", () => {
  const verdict = (skewMs: number | null, lastLatencyMs = 0) => {
    const clock = skewMs === null ? null : { skewMs, ageMs: 0, jumpMs: 0 };
    return checkClock({ clock, lastLatencyMs }).ok;
  };
  assert.deepEqual([2_000, 2_001, -3_000, -3_001].map((skew) => verdict(skew)), [true, false, true, false]);
  assert.equal(verdict(-4_000, 1_000), true);
  assert.equal(verdict(null), false);
});

Deno.test("ExchangeClock is not misled when the clock is set between the answer and the reading", async () => {
  await using exchange = new FaultyExchange();
  let skewMs = 0;
  const client = exchange.connect({ skewMs: () => skewMs });
  const call: typeof client.call = async (...request) => {
    const answer = await client.call(...request);
    skewMs = 3_600_000;
    return answer;
  };
  const setJustNow = { call, status: () => client.status(), reserve: client.reserve.bind(client) };
  const clock = new ExchangeClock({ exchange: setJustNow, now: () => exchange.clock.now + skewMs, isOurs: false });
  const verdict = await clock.check("XBTZAR");
  assert.equal(verdict.ok ? "ok" : verdict.code, "ERR_CLOCK_UNKNOWN");
  assert.equal(clock.earliest(), Math.floor(NOON_MS / 1_000) * 1_000);
  const later = await clock.check("XBTZAR");
  assert.equal(later.ok ? "ok" : later.code, "ERR_CLOCK_SKEW");
  assert.equal(clock.hasPassed(NOON_MS + 5_000), false);
  skewMs = 0;
  assert.equal(clock.hasPassed(NOON_MS + 5_000), true);
});
