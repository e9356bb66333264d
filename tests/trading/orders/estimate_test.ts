import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import { amount, books } from "../../market/books.ts";
import { type Estimate, estimateOrder } from "../../../src/trading/orders/estimate.ts";
import { type EstimateFacts } from "../../../src/trading/orders/outlook.ts";
import type { Order, OrderRequest } from "../../../src/trading/orders/order.ts";
import { normalizeOrder, toRequestParams } from "../../../src/trading/orders/order_rules.ts";
import { TestExchange } from "../../support/exchange.ts";
import { BOOK, FEES, XBTZAR } from "../xbtzar.ts";

const BUY = { pair: "XBTZAR", base: "XBT", counter: "ZAR", side: "BUY" } as const;
const SELL = { ...BUY, side: "SELL" } as const;
const LIMIT = { type: "limit", timeInForce: "GTC" } as const;
const FUNDS = { base: "2", counter: "1000000" };

function estimate(order: Order, facts: Partial<EstimateFacts> = {}): Estimate {
  return estimateOrder(order, { market: XBTZAR, book: BOOK, fees: FEES, funds: FUNDS, ownOrders: [], ...facts });
}

function codesOf(remarks: Estimate["warnings"]): string[] {
  return remarks.map(({ code }) => code);
}

Deno.test("estimateOrder() walks the asks for a limit order to buy and rests the remainder", () => {
  const { problems, warnings, ...shown } = estimate({ ...BUY, ...LIMIT, volume: "0.4", price: "1002000" });
  assert.deepEqual(shown, {
    fills: [
      { price: "1001000", volume: "0.1", counter: "100100" },
      { price: "1002000", volume: "0.2", counter: "200400" },
    ],
    filledBase: "0.3",
    filledCounter: "300500",
    averagePrice: "1001666.67",
    worstPrice: "1002000",
    restingBase: "0.1",
    droppedBase: "0",
    unspentCounter: "0",
    mid: "1000000",
    slippagePercent: "0.1667",
    fees: { currency: "XBT", taker: "0.0018", maker: "0.0004", takerRate: "0.006", makerRate: "0.004" },
    balances: { base: { before: "2", after: "2.2982" }, counter: { before: "1000000", after: "599300" } },
    shortfall: null,
    reachesEnd: false,
  });
  assert.deepEqual([problems, warnings], [[], []]);
});

Deno.test("estimateOrder() spends a market order's amount down to the last whole step of volume", () => {
  const shown = estimate({ ...BUY, type: "market", counterVolume: "150000" });
  assert.deepEqual([shown.filledBase, shown.filledCounter, shown.unspentCounter], ["0.1498", "149999.6", "0.4"]);
  assert.deepEqual(shown.balances?.counter, { before: "1000000", after: "850000.4" });
  assert.deepEqual(codesOf(shown.problems), []);
});

Deno.test("estimateOrder() rounds an average price against the caller", () => {
  const third = { asks: [{ price: "100", volume: "1" }, { price: "101", volume: "2" }], bids: [] };
  const mirrored = { asks: [], bids: third.asks.toReversed() };
  const market = { ...XBTZAR, price_scale: 0, volume_scale: 0 };
  const bought = estimate({ ...BUY, type: "market", counterVolume: "302" }, { book: third, market });
  const sold = estimate({ ...SELL, type: "market", volume: "3" }, { book: mirrored, market });
  assert.deepEqual([bought.averagePrice, sold.averagePrice], ["100.67", "100.66"]);
});

Deno.test("estimateOrder() takes the fee of a sell from what is sold, otherwise from the proceeds", () => {
  const order: Order = { ...SELL, type: "market", volume: "0.1" };
  const rich = estimate(order);
  assert.deepEqual([rich.fees.currency, rich.fees.taker], ["XBT", "0.0006"]);
  assert.deepEqual(rich.balances, {
    base: { before: "2", after: "1.8994" },
    counter: { before: "1000000", after: "1099900" },
  });
  const all = estimate(order, { funds: { base: "0.1", counter: "0" } });
  assert.deepEqual([all.fees.currency, all.fees.taker], ["ZAR", "599.4"]);
  assert.deepEqual(all.balances, { base: { before: "0.1", after: "0" }, counter: { before: "0", after: "99300.6" } });
  assert.deepEqual(codesOf(all.warnings), ["FEE_CURRENCY_UNCERTAIN"]);
});

Deno.test("estimateOrder() shows a rebate as a negative fee, and uses the rates of the order's side", () => {
  const fees = { ...FEES, maker_fee_buy: "-0.0001", taker_fee_buy: "0.002122", taker_fee_sell: "0.003722" };
  const bought = estimate({ ...BUY, ...LIMIT, volume: "0.2", price: "1001000" }, { fees });
  assert.deepEqual([bought.fees.maker, bought.fees.taker], ["-0.00001", "0.0002122"]);
  assert.equal(estimate({ ...SELL, type: "market", volume: "0.1" }, { fees }).fees.taker, "0.0003722");
});

Deno.test("estimateOrder() reports how much is missing, by what the exchange would reserve", () => {
  const order: Order = { ...BUY, ...LIMIT, volume: "0.1", price: "2000000" };
  assert.deepEqual(estimate(order, { funds: { base: "0", counter: "199999.5" } }).shortfall, {
    currency: "ZAR",
    amount: "0.5",
  });
  assert.equal(estimate(order, { funds: { base: "0", counter: "200000" } }).shortfall, null);
  const sold = estimate({ ...SELL, type: "market", volume: "0.1" }, { funds: { base: "0.0999", counter: "9" } });
  assert.deepEqual(sold.shortfall, { currency: "XBT", amount: "0.0001" });
  assert.deepEqual(codesOf(sold.problems), ["ERR_INSUFFICIENT_FUNDS"]);
  assert.match(sold.problems[0]?.message ?? "", /0\.0001 XBT is missing/);
});

Deno.test("estimateOrder() does not treat an unknown balance as enough", () => {
  const shown = estimate({ ...BUY, ...LIMIT, volume: "0.1", price: "900000" }, { funds: null });
  assert.deepEqual([shown.balances, shown.shortfall], [null, null]);
  assert.deepEqual(codesOf(shown.warnings), ["BALANCE_UNKNOWN"]);
});

Deno.test("estimateOrder() refuses a market order that exceeds the book", () => {
  for (
    const order of [
      { ...SELL, type: "market", volume: "2" },
      { ...BUY, type: "market", counterVolume: "900000000" },
    ] satisfies Order[]
  ) {
    const { problems, filledBase } = estimate(order, { funds: { base: "9", counter: "900000000" } });
    assert.deepEqual([codesOf(problems), filledBase], [["ERR_LIQUIDITY"], "1.3"]);
  }
  const empty = estimate({ ...SELL, type: "market", volume: "1" }, { book: { asks: [], bids: [] } });
  assert.deepEqual([codesOf(empty.problems), empty.averagePrice, empty.mid, empty.slippagePercent], [
    ["ERR_LIQUIDITY"],
    null,
    null,
    null,
  ]);
});

Deno.test("estimateOrder() warns of FOK, IOC and post-only orders that would not have their effect", () => {
  const of = (order: Partial<Order>) => {
    const shown = estimate({ ...BUY, ...LIMIT, volume: "0.4", price: "1002000", ...order });
    return [codesOf(shown.warnings), shown.filledBase, shown.restingBase, shown.droppedBase];
  };
  assert.deepEqual(of({ timeInForce: "FOK" }), [["FOK_WOULD_NOT_FILL"], "0", "0", "0.4"]);
  assert.deepEqual(of({ timeInForce: "FOK", volume: "0.3" }), [[], "0.3", "0", "0"]);
  assert.deepEqual(of({ timeInForce: "IOC" }), [["IOC_WOULD_FILL_PARTLY"], "0.3", "0", "0.1"]);
  assert.deepEqual(of({ timeInForce: "IOC", price: "999000" }), [["IOC_WOULD_NOT_FILL"], "0", "0", "0.4"]);
  assert.deepEqual(of({ postOnly: true }), [["POST_ONLY_WOULD_TRADE"], "0", "0", "0.4"]);
  assert.deepEqual(of({ postOnly: true, price: "1000999" }), [[], "0", "0.4", "0"]);
});

Deno.test("estimateOrder() lets a stop-limit order wait, and warns when the market is past its stop price", () => {
  const order: Order = { ...BUY, ...LIMIT, type: "stop_limit", volume: "0.4", price: "1002000", stopPrice: "1001000" };
  const waiting = estimate({ ...order, stopDirection: "ABOVE" });
  assert.deepEqual([waiting.filledBase, waiting.restingBase, codesOf(waiting.warnings)], ["0", "0.4", ["STOP_WAITS"]]);
  assert.deepEqual(waiting.balances?.counter.after, "599200");
  assert.deepEqual(codesOf(estimate({ ...order, stopDirection: "BELOW" }).warnings), ["STOP_WOULD_TRIGGER"]);
});

Deno.test("estimateOrder() refuses an order that would trade with an own one", () => {
  const own = (side: "BUY" | "SELL", price: string) => ({ ownOrders: [{ order_id: "BX1", side, price }] });
  const buy: Order = { ...BUY, ...LIMIT, volume: "0.1", price: "1002000" };
  const met = estimate(buy, own("SELL", "1001000"));
  assert.deepEqual(codesOf(met.problems), ["ERR_SELF_CROSSING"]);
  assert.match(met.problems[0]?.message ?? "", /own open order SELL BX1 at 1001000: cancel it first/);
  assert.deepEqual(codesOf(estimate(buy, own("SELL", "1002000")).warnings), ["MAY_CROSS_OWN_ORDER"]);
  assert.deepEqual(codesOf(estimate({ ...buy, volume: "0.4" }, own("SELL", "1002000")).problems), [
    "ERR_SELF_CROSSING",
  ]);
  for (const facts of [own("SELL", "1002001"), own("BUY", "1001000")]) {
    const { problems, warnings } = estimate(buy, facts);
    assert.deepEqual([problems, warnings], [[], []]);
  }
  const sell: Order = { ...SELL, type: "market", volume: "0.2" };
  assert.deepEqual(codesOf(estimate(sell, own("BUY", "998000")).problems), ["ERR_SELF_CROSSING"]);
  assert.deepEqual(codesOf(estimate(sell, own("BUY", "995000")).problems), []);
  assert.deepEqual(codesOf(estimate({ ...buy, postOnly: true }, own("SELL", "1001000")).problems), []);
});

Deno.test("estimateOrder() predicts the exchange's fills, fees and balances", async () => {
  await using exchange = await TestExchange.start();
  const { client, context } = exchange;
  const market = await context.markets.resolve("ETHZAR");
  const pair = market.market_id;
  const requests: OrderRequest[] = [
    { pair, side: "BUY", type: "market", counter_volume: "30000" },
    { pair, side: "SELL", type: "market", volume: "0.4" },
    { pair, side: "BUY", type: "market", volume: "0.3" },
    { pair, side: "BUY", type: "limit", volume: "0.25", price: "90000", time_in_force: "IOC" },
    { pair, side: "SELL", type: "limit", counter_volume: "12000", price: "20000", time_in_force: "FOK" },
    { pair, side: "BUY", type: "limit", volume: "0.1", price: "20000" },
  ];
  for (const request of requests) {
    const facts = await factsOf(exchange, pair);
    const normalized = normalizeOrder(request, market, { book: facts.book });
    assert.ok(normalized.ok, JSON.stringify(normalized));
    const foretold = estimateOrder(normalized.order, { ...facts, market, ownOrders: [] });
    assert.deepEqual(foretold.problems, []);
    const call = toRequestParams(normalized.order);
    const { order_id } = call.endpoint === "postLimitOrder"
      ? await client.call(call.endpoint, call.params, {})
      : await client.call(call.endpoint, call.params, {});
    const order = await client.call("getOrder", { id: order_id }, {});
    const after = await factsOf(exchange, pair);
    const isInBase = foretold.fees.currency === market.base_currency;
    assert.deepEqual(
      [order.base, order.counter, isInBase ? order.fee_base : order.fee_counter, after.funds],
      [foretold.filledBase, foretold.filledCounter, foretold.fees.taker, {
        base: foretold.balances?.base.after,
        counter: foretold.balances?.counter.after,
      }],
      JSON.stringify(request),
    );
  }
});

async function factsOf({ client }: TestExchange, pair: string) {
  const [book, fees, { balance }] = await Promise.all([
    client.call("getOrderBookFull", { pair }, {}),
    client.call("getFeeInfo", { pair }, {}),
    client.call("getBalances", { assets: ["ETH", "ZAR"] }, {}),
  ]);
  const available = (asset: string) => {
    const row = balance.find((each) => each.asset === asset);
    return new Big(row?.balance ?? "NaN").minus(row?.reserved ?? "NaN").toFixed();
  };
  return { book, fees, funds: { base: available("ETH"), counter: available("ZAR") } };
}

Deno.test("estimateOrder() accounts for every unit, with an average between the best and the worst price", () => {
  const orders = fc.record({
    side: fc.constantFrom("BUY" as const, "SELL" as const),
    price: fc.integer({ min: 90_000, max: 1_010_000 }).map((cents) => new Big(cents).times("0.01").toFixed()),
    volume: amount.map((volume) => volume.toFixed()),
    timeInForce: fc.constantFrom("GTC" as const, "IOC" as const, "FOK" as const),
  });
  const market = { ...XBTZAR, price_scale: 2 };
  fc.assert(
    fc.property(books, orders, (book, draft) => {
      const shown = estimate({ ...BUY, ...draft, type: "limit" }, { book, market });
      const sum = new Big(shown.filledBase).plus(shown.restingBase).plus(shown.droppedBase);
      assert.ok(sum.eq(draft.volume));
      const { averagePrice, worstPrice, fills: [best] } = shown;
      if (averagePrice === null || worstPrice === null || best === undefined) {
        return assert.equal(shown.filledBase, "0");
      }
      const [low, high] = draft.side === "BUY" ? [best.price, worstPrice] : [worstPrice, best.price];
      assert.ok(new Big(averagePrice).gte(low) && new Big(averagePrice).lte(high));
      const shownWorth = new Big(averagePrice).times(shown.filledBase);
      assert.ok(draft.side === "BUY" ? shownWorth.gte(shown.filledCounter) : shownWorth.lte(shown.filledCounter));
    }),
    { numRuns: 2_000 },
  );
});
