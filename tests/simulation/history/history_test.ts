import assert from "node:assert/strict";
import fc from "fast-check";
import { findMarket } from "../../../src/simulation/model/markets.ts";
import { type SimulationOptions, withDefaults } from "../../../src/simulation/options.ts";
import { createSimulation } from "../../../src/simulation/simulation.ts";
import { START_MS } from "../simulated_client.ts";

const MINUTE_MS = 60_000;

Deno.test("seedHistory() makes every fill a public trade with the same sequence, in contiguous order", () => {
  const { exchange, tape } = createSimulation(withDefaults({ seed: 7 }), START_MS);
  const pairs = new Set(exchange.trades.map(({ market }) => market.id));
  assert.deepEqual([...pairs].toSorted(), ["ETHZAR", "XBTUSDT", "XBTZAR", "XRPZAR"]);
  for (const { market, sequence, timestamp, price, volume, isBuy } of exchange.trades) {
    const around = tape.trades(market.id, { fromMs: timestamp - MINUTE_MS, toMs: timestamp + MINUTE_MS, limit: 100 });
    assert.deepEqual(around.find((trade) => trade.sequence === sequence), {
      sequence,
      timestamp,
      price,
      volume,
      isBuy,
    });
    assert.deepEqual(around.map((trade) => trade.sequence), around.map((_, i) => (around[0]?.sequence ?? 0) - i));
  }
});

Deno.test("seedHistory() includes its fills in the candles and in the volume of a day", () => {
  const { exchange, tape, model } = createSimulation(withDefaults({ seed: 7 }), START_MS);
  const [fill] = exchange.trades.filter(({ market }) => market.id === "XRPZAR");
  assert.ok(fill);
  const sinceMs = fill.timestamp - fill.timestamp % MINUTE_MS;
  const [candle] = tape.candles("XRPZAR", { durationMs: MINUTE_MS, sinceMs, atMs: START_MS, limit: 1 });
  const own = exchange.trades.filter(({ market }) => market.id === "XRPZAR");
  const strangers = model.tradesBetween("XRPZAR", sinceMs, sinceMs + MINUTE_MS);
  const sum = [...own, ...strangers].reduce((total, { volume }) => total + volume, 0);
  assert.equal(candle?.volume, sum);
});

const options: fc.Arbitrary<SimulationOptions> = fc.record({
  seed: fc.nat(1_000_000),
  orderDelayMs: fc.constantFrom(0, 400),
  marketOrderReach: fc.constantFrom(0, 0.001, 0.1),
  sellFeeIn: fc.constantFrom("base" as const, "counter" as const),
  reserveStops: fc.boolean(),
});

Deno.test("seedHistory() contains the same kinds of orders for any seed, time and options", () => {
  const xrp = findMarket("XRPZAR");
  fc.assert(
    fc.property(options, fc.nat(3 * 365 * 24 * 60), (chosen, minutes) => {
      const startMs = START_MS - minutes * MINUTE_MS;
      const { exchange } = createSimulation(withDefaults(chosen), startMs);
      const orders = exchange.orders.list({ limit: 100, atMs: startMs });
      assert.equal(orders.length, 10);
      assert.equal(orders.filter(({ status }) => status !== "COMPLETE").length, 3);
      const cancelled = orders.filter(({ cancelledAt }) => cancelledAt > 0);
      assert.deepEqual(cancelled.map(({ filled, limitVolume }) => filled > 0 && filled < limitVolume), [true, false]);
      assert.equal(orders.find(({ market }) => market === xrp)?.filled, 250);
    }),
    { numRuns: 25 },
  );
});
