/** A market order to buy that is asked for by volume, in every market. */

import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import type { Market } from "../../src/exchange/market_schemas.ts";
import { decimalsOf } from "../../src/money/currencies.ts";
import { MARKETS } from "../../src/simulation/model/markets.ts";
import { type Book, walkBook } from "../../src/market/book_walk.ts";
import type { OrderRequest } from "../../src/trading/orders/order.ts";
import { normalizeOrder } from "../../src/trading/orders/order_rules.ts";
import { BrokerWorld } from "./broker_world.ts";

const LISTED: readonly { market: Market; typicalPrice: string }[] = MARKETS.map((each) => ({
  market: {
    market_id: each.id,
    base_currency: each.base,
    counter_currency: each.counter,
    trading_status: "ACTIVE",
    min_volume: each.minVolume,
    max_volume: each.maxVolume,
    volume_scale: each.volumeScale,
    min_price: each.minPrice,
    max_price: each.maxPrice,
    price_scale: each.priceScale,
    fee_scale: each.feeScale,
  },
  typicalPrice: each.typicalPrice,
}));

/** A book with prices of the market's scale or, as some answers have them, finer. */
const books = fc.tuple(
  fc.constantFrom(...LISTED),
  fc.array(fc.tuple(fc.nat(900), fc.nat(5)), { minLength: 1 }),
  fc.nat(4),
)
  .map(([{ market, typicalPrice }, levels, finer]) => {
    const tick = new Big(10).pow(-market.price_scale - finer);
    const start = new Big(typicalPrice).round(market.price_scale, Big.roundUp).plus(tick);
    const asks = levels.map(([lots, size], index) => ({
      price: start.plus(tick.times(index * 3)).toFixed(),
      volume: new Big(lots + 1).times(new Big(10).pow(size - market.volume_scale)).toFixed(),
    }));
    return { market, book: { asks, bids: [] } satisfies Book };
  });

function purchase({ market_id }: Market, volume: string): OrderRequest {
  return { pair: market_id, side: "BUY", type: "market", volume };
}

Deno.test("normalizeOrder() spends enough for the requested volume of a market order, and not a cent more, in every market", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(books, fc.nat(500), ({ market, book }, steps) => {
      const step = new Big(10).pow(-market.volume_scale);
      const volume = new Big(market.min_volume).plus(step.times(steps));
      const read = normalizeOrder(purchase(market, volume.toFixed()), market, { book });
      if (!read.ok) {
        const codes = read.problems.map(({ code }) => code);
        assert.deepEqual(codes, ["ERR_LIQUIDITY"], JSON.stringify(read));
        return;
      }
      const spent = new Big(read.order.counterVolume ?? "NaN");
      const cent = new Big(10).pow(-decimalsOf(market.counter_currency));
      const bought = (counterVolume: Big) =>
        walkBook(book, { side: "BUY", counterVolume, volumeScale: market.volume_scale });
      assert.ok(bought(spent).base.gte(volume), `${market.market_id} ${bought(spent).base} of ${volume}`);
      assert.ok(!bought(spent).isShort);
      assert.ok(spent.mod(cent).eq(0));
      assert.ok(spent.eq(cent) || bought(spent.minus(cent)).base.lt(volume), `${spent} is more than it takes`);
      seen.add(market.market_id);
    }),
    { numRuns: 3_000 },
  );
  assert.equal(seen.size, LISTED.length);
});

Deno.test("normalizeOrder() reports it when the least amount that pays for a purchase buys more than the maximum", () => {
  const [cheap] = LISTED.filter(({ market }) => market.market_id === "XRPZAR");
  assert.ok(cheap !== undefined);
  const market: Market = {
    ...cheap.market,
    volume_scale: 6,
    price_scale: 4,
    min_price: "0.0001",
    min_volume: "1",
    max_volume: "2",
  };
  const asks = [{ price: "0.7777", volume: "1.5" }, { price: "0.7778", volume: "0.5" }];
  const refusals = (volume: string, book: Book) => {
    const read = normalizeOrder(purchase(market, volume), market, { book });
    assert.ok(!read.ok, JSON.stringify(read));
    return read.problems;
  };
  const all = refusals("2", { asks, bids: [] });
  assert.deepEqual(all.map(({ code }) => code), ["ERR_LIQUIDITY"]);
  assert.match(
    all[0]?.problem ?? "",
    /^expected less: 1\.56 ZAR, the least that pays for it, buys more than the book has/,
  );
  const most = refusals("2", { asks: [...asks, { price: "0.7779", volume: "9" }], bids: [] });
  assert.deepEqual(most.map(({ code }) => code), ["ERR_AMOUNT_TOO_LARGE"]);
  assert.match(most[0]?.problem ?? "", /buys more than 2 XRP: current value is "2"$/);
});

Deno.test("place_order buys at least the requested volume, also at every market's minimum", async () => {
  await using world = await BrokerWorld.start({ policy: { default: { max_orders_per_minute: null } } });
  const { balances } = await world.answer("get_account_balance", {});
  const held = new Set(balances.map(({ currency }: { currency: string }) => currency));
  const tried = MARKETS.filter(({ status, base, counter }) =>
    status === "ACTIVE" && held.has(base) && held.has(counter)
  );
  assert.ok(tried.length > 15, String(tried.length));
  for (const { id, minVolume } of tried) {
    const order = { pair: id, side: "BUY", type: "market", volume: new Big(minVolume).toFixed() };
    const preview = await world.answer("preview_order", order);
    assert.equal(preview.placeable, true, JSON.stringify(preview));
    assert.ok(new Big(preview.estimate.filled_volume).gte(minVolume), `${id} ${preview.estimate.filled_volume}`);
    const placed = await world.answer("place_order", { preview_id: preview.preview_id });
    assert.equal(placed.status, "placed", JSON.stringify(placed));
    const { filled_volume } = await world.answer("get_order_status", { order_id: placed.order_id });
    assert.ok(new Big(filled_volume).gte(minVolume), `${id} ${filled_volume}`);
  }
});
