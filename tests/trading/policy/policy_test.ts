import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import type { Order } from "../../../src/trading/orders/order.ts";
import { evaluateOrder, type PolicyFacts, type PolicyRules, sealPolicy } from "../../../src/trading/policy/policy.ts";
import { notionalOf, type Valuation } from "../../../src/trading/orders/notional.ts";

const PAIR = { pair: "XBTZAR", base: "XBT", counter: "ZAR" } as const;
const BID: Order = { ...PAIR, side: "BUY", type: "limit", volume: "0.01", price: "990000", timeInForce: "GTC" };
const SALE: Order = { ...PAIR, side: "SELL", type: "market", volume: "0.01" };
const AUTO: PolicyRules = { mode: "auto" };

const noValuation: Valuation = () => null;

function codes(rules: Partial<PolicyRules>, facts: Partial<PolicyFacts> = {}): string[] {
  const checked = { order: BID, notional: [], mid: "1000000", averagePrice: null, warnings: [], ...facts };
  return evaluateOrder({ ...AUTO, ...rules }, checked).map(({ code }) => code);
}

/** What a limit in `currency` would be evaluated by. */
function worth(order: Order, currency: string, options: Partial<Parameters<typeof notionalOf>[2]> = {}) {
  const rules: PolicyRules = { ...AUTO, maxPerOrder: { amount: "1", currency } };
  const all = notionalOf(order, rules, { estimatedCounter: null, bestBid: null, valuation: noValuation, ...options });
  return all.filter((each) => each.currency === currency);
}

Deno.test("evaluateOrder() allows everything that no rule forbids", () => {
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({}, { order: SALE, mid: null }), []);
});

Deno.test("evaluateOrder() refuses every order in mode observe", () => {
  assert.deepEqual(codes({ mode: "observe" }), ["ERR_POLICY_MODE"]);
  for (const mode of ["paper", "confirm", "auto"] as const) assert.deepEqual(codes({ mode }), []);
});

Deno.test("evaluateOrder() refuses a pair, side or kind of order that is not listed, all at once", () => {
  assert.deepEqual(codes({ pairs: ["ETHZAR"], sides: ["SELL"], orderTypes: ["market"] }), [
    "ERR_POLICY_PAIR",
    "ERR_POLICY_SIDE",
    "ERR_POLICY_ORDER_TYPE",
  ]);
  assert.deepEqual(codes({ pairs: ["ETHZAR", "XBTZAR"], sides: ["BUY"], orderTypes: ["limit"] }), []);
});

Deno.test("evaluateOrder() recognizes a pair of the policy in every spelling, and no other pair", () => {
  for (const pair of ["XBTZAR", "BTCZAR", "btc/zar", "bitcoin rand"]) {
    assert.deepEqual(codes({ pairs: [pair] }), [], pair);
  }
  for (const pair of ["XBTZARU", "WBTCZAR", "XBT", "ZARXBT"]) {
    assert.deepEqual(codes({ pairs: [pair] }), ["ERR_POLICY_PAIR"], pair);
  }
});

Deno.test("evaluateOrder() says what is allowed and what was requested", () => {
  const [problem] = evaluateOrder({ ...AUTO, maxPerOrder: { amount: "9899.99", currency: "ZAR" } }, {
    order: BID,
    notional: worth(BID, "ZAR"),
    mid: null,
    averagePrice: null,
    warnings: [],
  });
  assert.deepEqual(problem, {
    code: "ERR_POLICY_ORDER_SIZE",
    message: "Cannot place order as the policy allows at most 9899.99 ZAR per order: current value is 9900",
  });
});

Deno.test("evaluateOrder() allows exactly the amount of the limit and not one step more", () => {
  for (const [amount, expected] of [["9900", []], ["9899.99999999", ["ERR_POLICY_ORDER_SIZE"]]] as const) {
    for (const limit of ["maxPerOrder", "maxPerDay"] as const) {
      const rules = { [limit]: { amount, currency: "ZAR" } };
      assert.deepEqual(codes(rules, { notional: worth(BID, "ZAR") }), expected);
    }
  }
});

Deno.test("evaluateOrder() refuses an order whose value in the limit's currency is unknown", () => {
  const maxPerOrder = { amount: "1000000", currency: "EUR" };
  assert.deepEqual(codes({ maxPerOrder }), ["ERR_POLICY_VALUATION"]);
  assert.deepEqual(codes({ maxPerOrder }, { notional: [{ currency: "ZAR", amount: "1" }] }), ["ERR_POLICY_VALUATION"]);
  assert.deepEqual(codes({ maxPerDay: maxPerOrder }), ["ERR_POLICY_VALUATION"]);
  assert.deepEqual(codes({ maxPerOrder }, { notional: [{ currency: "EUR", amount: "500" }] }), []);
});

Deno.test("evaluateOrder() keeps limit and average prices within the band around the mid, bounds included", () => {
  const at = (price: string) => codes({ priceBandPercent: "2.5" }, { order: { ...BID, price } });
  for (const price of ["975000", "1000000", "1025000"]) assert.deepEqual(at(price), [], price);
  for (const price of ["974999", "1025001", "1"]) assert.deepEqual(at(price), ["ERR_POLICY_PRICE_BAND"], price);
  const sale = { order: SALE, averagePrice: "974999.99" };
  assert.deepEqual(codes({ priceBandPercent: "2.5" }, sale), ["ERR_POLICY_PRICE_BAND"]);
  assert.deepEqual(codes({ priceBandPercent: "2.6" }, sale), []);
});

Deno.test("evaluateOrder() refuses an order whose distance from the market is unknown", () => {
  const band = { priceBandPercent: "10" };
  assert.deepEqual(codes(band, { mid: null }), ["ERR_POLICY_PRICE_BAND"]);
  assert.deepEqual(codes(band, { mid: "0" }), ["ERR_POLICY_PRICE_BAND"]);
  assert.deepEqual(codes(band, { order: SALE, averagePrice: null }), ["ERR_POLICY_PRICE_BAND"]);
});

Deno.test("notionalOf() is exact in the order's own currencies", () => {
  const fine: Order = { ...BID, volume: "0.00012345", price: "1000000.123" };
  assert.deepEqual(worth(fine, "ZAR"), [{ currency: "ZAR", amount: "123.45001518435" }]);
  assert.deepEqual(worth(fine, "XBT"), [{ currency: "XBT", amount: "0.00012345" }]);
  const spend: Order = { ...PAIR, side: "BUY", type: "market", counterVolume: "1000.01" };
  assert.deepEqual(worth(spend, "ZAR"), [{ currency: "ZAR", amount: "1000.01" }]);
});

Deno.test("notionalOf() values a market order to sell at what the book pays, and does not guess without one", () => {
  assert.deepEqual(worth(SALE, "ZAR", { estimatedCounter: "9990" }), [{ currency: "ZAR", amount: "9990" }]);
  assert.deepEqual(worth(SALE, "ZAR"), []);
  assert.deepEqual(worth(SALE, "XBT"), [{ currency: "XBT", amount: "0.01" }]);
});

Deno.test("notionalOf() does not let a low limit price make a large sell small", () => {
  const sell: Order = { ...BID, side: "SELL", volume: "1", price: "10000" };
  assert.deepEqual(worth(sell, "ZAR", { bestBid: "999000" }), [{ currency: "ZAR", amount: "999000" }]);
  assert.deepEqual(worth({ ...sell, price: "1100000" }, "ZAR", { bestBid: "999000" }), [
    { currency: "ZAR", amount: "1100000" },
  ]);
  const stop: Order = { ...sell, type: "stop_limit", stopPrice: "1200000", stopDirection: "BELOW" };
  assert.deepEqual(worth(stop, "ZAR", { bestBid: "999000" }), [{ currency: "ZAR", amount: "1200000" }]);
  assert.deepEqual(worth({ ...sell, side: "BUY" }, "ZAR", { bestBid: "999000" }), [
    { currency: "ZAR", amount: "10000" },
  ]);
});

Deno.test("notionalOf() values other currencies by the caller's valuation, once for each limit's currency", () => {
  const asked: unknown[] = [];
  const valuation: Valuation = (amount, currency) => {
    asked.push([amount, currency]);
    return currency === "USDT" ? "520.5" : null;
  };
  const rules: PolicyRules = {
    ...AUTO,
    maxPerOrder: { amount: "1", currency: "USDT" },
    maxPerDay: { amount: "1", currency: "EUR" },
  };
  const options = { estimatedCounter: null, bestBid: null, valuation };
  const exact = [{ currency: "ZAR", amount: "9900" }, { currency: "XBT", amount: "0.01" }];
  assert.deepEqual(notionalOf(BID, rules, options), [...exact, { currency: "USDT", amount: "520.5" }]);
  assert.deepEqual(asked, [[{ currency: "ZAR", amount: "9900" }, "USDT"], [
    { currency: "ZAR", amount: "9900" },
    "EUR",
  ]]);
  assert.deepEqual(notionalOf(BID, AUTO, options), exact);
});

Deno.test("sealPolicy() gives equal rules one digest, in any notation, and other rules another", () => {
  const rules: PolicyRules = {
    mode: "auto",
    pairs: ["ETHZAR", "XBTZAR"],
    maxPerOrder: { amount: "1", currency: "ZAR" },
  };
  const { digest } = sealPolicy(rules);
  assert.match(digest, /^[0-9a-f]{64}$/);
  const turned: PolicyRules = {
    maxPerOrder: { currency: "ZAR", amount: "1" },
    pairs: ["XBTZAR", "ETHZAR"],
    mode: "auto",
  };
  assert.equal(sealPolicy(turned).digest, digest);
  assert.equal(sealPolicy(sealPolicy(rules)).digest, digest);
  const others: PolicyRules[] = [
    { ...rules, mode: "confirm" },
    { ...rules, pairs: ["XBTZAR"] },
    { ...rules, maxPerOrder: { amount: "2", currency: "ZAR" } },
    { ...rules, maxOpenOrders: 1 },
  ];
  assert.equal(new Set([digest, ...others.map((other) => sealPolicy(other).digest)]).size, 5);
});

Deno.test("evaluateOrder() never allows an order that is worth more than the limit", () => {
  const cents = fc.integer({ min: 1, max: 1_000_000_000 }).map((units) => new Big(units).times("0.01"));
  fc.assert(fc.property(cents, cents, cents, (volume, price, limit) => {
    const order: Order = { ...BID, volume: volume.toFixed(), price: price.toFixed() };
    const rules = { maxPerOrder: { amount: limit.toFixed(), currency: "ZAR" } };
    const isRefused = codes(rules, { order, notional: worth(order, "ZAR") }).length > 0;
    assert.equal(isRefused, volume.times(price).gt(limit));
  }));
});
