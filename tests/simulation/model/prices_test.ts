import assert from "node:assert/strict";
import fc from "fast-check";
import Big from "big.js";
import type { Book, BookOrder } from "../../../src/simulation/model/market_data.ts";
import { findMarket, MARKETS, type SimulatedMarket } from "../../../src/simulation/model/markets.ts";
import { createPriceModel } from "../../../src/simulation/model/prices.ts";

const NOW = 1_790_127_123_456;
const DAY_MS = 86_400_000;

const anyMarket = fc.constantFrom(...MARKETS);
const activeMarket = fc.constantFrom(...MARKETS.filter(({ status }) => status === "ACTIVE"));
const anySeed = fc.integer({ min: 0, max: 2 ** 32 });
const anyTime = fc.integer({ min: NOW - 400 * DAY_MS, max: NOW + 400 * DAY_MS });

Deno.test("createPriceModel() gives the same answers in any order of calls", () => {
  const question = fc.record({ market: anyMarket, atMs: anyTime, spanMs: fc.integer({ min: 1, max: 300_000 }) });
  fc.assert(
    fc.property(anySeed, fc.array(question, { minLength: 2, maxLength: 12 }), (seed, questions) => {
      const ask = (list: typeof questions) => {
        const model = createPriceModel({ seed });
        return list.map(({ market: { id }, atMs, spanMs }) => ({
          book: model.bookAt(id, atMs),
          trades: model.tradesBetween(id, atMs, atMs + spanMs),
        }));
      };
      assert.deepEqual(ask(questions.toReversed()).reverse(), ask(questions));
    }),
    { numRuns: 25 },
  );
});

Deno.test("createPriceModel() gives each seed prices of its own", () => {
  const [one, other] = [1, 2].map((seed) => createPriceModel({ seed }).bookAt("XBTZAR", NOW - 7 * DAY_MS));
  assert.notDeepEqual(one, other);
});

Deno.test("PriceModel.bookAt() is never crossed, is sorted, and keeps to the market's limits", () => {
  fc.assert(
    fc.property(anySeed, anyMarket, anyTime, (seed, market, atMs) => {
      const { bids, asks } = createPriceModel({ seed }).bookAt(market.id, atMs);
      assertSorted(bids.map(({ price }) => -price));
      assertSorted(asks.map(({ price }) => price));
      const [bid] = bids;
      const [ask] = asks;
      assert.ok(bid && ask && bid.price < ask.price);
      for (const order of [...bids, ...asks]) assertWithinLimits(market, order);
      const ids = [...bids, ...asks].map(({ id }) => id);
      assert.equal(new Set(ids).size, ids.length);
      for (const id of ids) assert.match(id, /^BX[0-9A-Z]{13}$/);
    }),
    { numRuns: 150 },
  );
});

Deno.test("PriceModel.bookAt() stays inside narrow price limits when the price leaves them", () => {
  const market = { ...listed("XBTUSDT"), minPrice: "86610.00", maxPrice: "86630.00" };
  const model = createPriceModel({ seed: 3, markets: [market] });
  for (let day = -30; day <= 30; day++) {
    const { bids, asks } = model.bookAt(market.id, NOW + day * DAY_MS);
    assert.ok(bids.length > 0 && asks.length > 0);
    for (const order of [...bids, ...asks]) assertWithinLimits(market, order);
  }
});

Deno.test("PriceModel.bookAt() has from 20 to 120 orders per side, more of them away from the touch", () => {
  const model = createPriceModel({ seed: 7 });
  for (const { id } of MARKETS) {
    const { bids, asks } = model.bookAt(id, NOW);
    for (const side of [bids, asks]) {
      assert.ok(side.length >= 20 && side.length <= 120, `${id} has ${side.length}`);
      const half = Math.floor(side.length / 2);
      assert.ok(volumeOf(side.slice(half)) > volumeOf(side.slice(0, half)), id);
    }
  }
});

Deno.test("PriceModel.bookAt() is constant within a second", () => {
  const model = createPriceModel({ seed: 7 });
  const secondMs = NOW - NOW % 1_000;
  assert.deepEqual(model.bookAt("XBTZAR", secondMs + 999), createPriceModel({ seed: 7 }).bookAt("XBTZAR", secondMs));
});

Deno.test("PriceModel.bookAt() keeps most orders from one second to the next, unchanged under their ids", () => {
  fc.assert(
    fc.property(anySeed, anyMarket, anyTime, (seed, { id }, atMs) => {
      const model = createPriceModel({ seed });
      const seen = new Map<string, BookOrder>();
      let met = 0;
      let again = 0;
      for (let second = 0; second < 30; second++) {
        for (const order of ordersOf(model.bookAt(id, atMs + second * 1_000))) {
          const before = seen.get(order.id);
          if (before) assert.deepEqual(order, before);
          if (second > 0) met++;
          if (second > 0 && before) again++;
          seen.set(order.id, order);
        }
      }
      assert.ok(again / met > 0.9, `only ${again} of ${met} stayed`);
    }),
    { numRuns: 30 },
  );
});

Deno.test("PriceModel.bookAt() agrees across markets within their spreads", () => {
  const triangles = [
    ["XBTZAR", "XBTUSDT", "USDTZAR"],
    ["ETHUSDT", "ETHXBT", "XBTUSDT"],
    ["ETHZAR", "ETHUSDT", "USDTZAR"],
  ] as const;
  fc.assert(
    fc.property(anySeed, anyTime, (seed, atMs) => {
      const model = createPriceModel({ seed });
      const quote = (id: string) => touchOf(listed(id), model.bookAt(id, atMs));
      for (const [direct, first, second] of triangles) {
        const [whole, one, two] = [quote(direct), quote(first), quote(second)];
        assert.ok(whole.bid < one.ask * two.ask, `${direct} bids above its way round`);
        assert.ok(whole.ask > one.bid * two.bid, `${direct} asks below its way round`);
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("PriceModel.bookAt() quotes the typical prices in September 2026", () => {
  const model = createPriceModel({ seed: 99 });
  for (const market of MARKETS) {
    const { bid, ask } = touchOf(market, model.bookAt(market.id, 1_790_127_000_000));
    const typical = Number(market.typicalPrice);
    assert.ok(bid <= typical && typical <= ask, market.id);
  }
});

Deno.test("PriceModel.tradesBetween() trades at the touch, in whole lots, one after another", () => {
  fc.assert(
    fc.property(anySeed, activeMarket, anyTime, (seed, { id }, fromMs) => {
      const model = createPriceModel({ seed });
      let before = -Infinity;
      for (const { timestamp, price, volume, isBuy } of model.tradesBetween(id, fromMs, fromMs + 20 * 60_000)) {
        assert.ok(timestamp > before && timestamp >= fromMs && timestamp < fromMs + 20 * 60_000);
        assert.ok(Number.isSafeInteger(volume) && volume >= 1);
        const { bids, asks } = model.bookAt(id, timestamp);
        assert.equal(price, (isBuy ? asks : bids)[0]?.price);
        before = timestamp;
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("PriceModel.tradesBetween() and countBetween() give the same for a span as for its parts together", () => {
  fc.assert(
    fc.property(anySeed, activeMarket, anyTime, fc.array(fc.nat(600_000), { maxLength: 8 }), (...drawn) => {
      const [seed, { id }, fromMs, offsets] = drawn;
      const toMs = fromMs + 600_000;
      const cuts = [fromMs, ...offsets.map((offset) => fromMs + offset).sort((a, b) => a - b), toMs];
      const model = createPriceModel({ seed });
      const parts = cuts.slice(1).flatMap((cut, i) => model.tradesBetween(id, cuts[i] ?? fromMs, cut));
      assert.deepEqual(parts, model.tradesBetween(id, fromMs, toMs));
      const counts = cuts.slice(1).map((cut, i) => model.countBetween?.(id, cuts[i] ?? fromMs, cut) ?? NaN);
      assert.equal(counts.reduce((sum, count) => sum + count, 0), parts.length);
    }),
    { numRuns: 60 },
  );
});

Deno.test("PriceModel.tradesBetween() is as active as each market's parameters say, and strictly inside its minutes", () => {
  const model = createPriceModel({ seed: 22 });
  for (const { id, activity, volumeScale } of MARKETS) {
    const trades = model.tradesBetween(id, NOW - 4 * DAY_MS, NOW);
    assert.ok(trades.every(({ timestamp }) => timestamp % 60_000 !== 0), `${id} trades on the minute`);
    const expected = activity.tradesPerMinute * 1_440 * 4;
    assert.ok(Math.abs(trades.length - expected) < 5 * Math.sqrt(expected), `${id} has ${trades.length} trades`);
    const daily = volumeOf(trades) / 4 / 10 ** volumeScale;
    assert.ok(daily > activity.dailyVolume / 2 && daily < activity.dailyVolume * 2, `${id} turns over ${daily}`);
  }
});

Deno.test("PriceModel throws a RangeError for an unknown market", () => {
  const model = createPriceModel({ seed: 1, markets: [listed("XBTZAR")] });
  assert.throws(() => model.bookAt("ETHZAR", NOW), RangeError);
  assert.throws(() => model.tradesBetween("xbtzar", NOW, NOW), RangeError);
});

function listed(id: string): SimulatedMarket {
  return findMarket(id) ?? assert.fail(`${id} is not listed`);
}

function ordersOf({ bids, asks }: Book): readonly BookOrder[] {
  return [...bids, ...asks];
}

function touchOf({ priceScale }: SimulatedMarket, { bids, asks }: Book): { bid: number; ask: number } {
  const unit = 10 ** -priceScale;
  return { bid: (bids[0]?.price ?? NaN) * unit, ask: (asks[0]?.price ?? NaN) * unit };
}

function volumeOf(list: readonly { volume: number }[]): number {
  return list.reduce((sum, { volume }) => sum + volume, 0);
}

function assertSorted(values: readonly number[]): void {
  assert.deepEqual(values, values.toSorted((a, b) => a - b));
}

function assertWithinLimits(market: SimulatedMarket, { price, volume }: BookOrder): void {
  assert.ok(Number.isSafeInteger(price) && Number.isSafeInteger(volume));
  const ticks = (decimal: string) => Number(new Big(decimal).times(`1e${market.priceScale}`));
  const lots = (decimal: string) => Number(new Big(decimal).times(`1e${market.volumeScale}`));
  assert.ok(price >= ticks(market.minPrice) && price <= ticks(market.maxPrice), `price ${price}`);
  assert.ok(volume >= lots(market.minVolume) && volume <= lots(market.maxVolume), `volume ${volume}`);
}
