import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import { endpoints } from "../../../src/exchange/endpoints.ts";
import { countDecimals } from "../../../src/money/decimals.ts";
import type { Market } from "../../../src/exchange/market_schemas.ts";
import { type Book, walkBook } from "../../../src/market/book_walk.ts";
import { type Order, orderDigest, type OrderRequest } from "../../../src/trading/orders/order.ts";
import { normalizeOrder, toRequestParams } from "../../../src/trading/orders/order_rules.ts";
import { BOOK, XBTZAR } from "../xbtzar.ts";

const LIMIT: OrderRequest = { pair: "XBTZAR", side: "BUY", type: "limit", volume: "0.01", price: "900000" };
const MARKET: OrderRequest = { pair: "XBTZAR", side: "SELL", type: "market", volume: "0.01" };
const STOP: OrderRequest = { ...LIMIT, type: "stop_limit", stop_price: "890000", stop_direction: "BELOW" };

function normalized(request: OrderRequest, book?: Book, market = XBTZAR): { order: Order; notes: readonly string[] } {
  const answer = normalizeOrder(request, market, { book });
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer;
}

/** Problems as `field code`. */
function refusals(request: OrderRequest, { market = XBTZAR, book }: { market?: Market; book?: Book } = {}): string[] {
  const answer = normalizeOrder(request, market, { book });
  assert.ok(!answer.ok, JSON.stringify(answer));
  return answer.problems.map(({ field, code }) => `${field} ${code}`);
}

Deno.test("normalizeOrder() explains a counter amount that is too small, and what it is worth", () => {
  const messageOf = (counter_volume: string) => {
    const { volume: _volume, ...rest } = LIMIT;
    const answer = normalizeOrder({ ...rest, counter_volume }, XBTZAR);
    return answer.ok ? "" : answer.problems.map(({ problem }) => problem).join();
  };
  assert.match(
    messageOf("400"),
    /^expected an amount with a value of .* XBT: current value is "400", worth 0\.\d+ XBT$/,
  );
  assert.match(messageOf("0.01"), /: current value is "0.01", worth less than 0\.0001 XBT$/);
});

Deno.test("normalizeOrder() gives every spelling of one order the same exact form", () => {
  const { order, notes } = normalized({ ...LIMIT, volume: "0.0100", price: "0900000.00", pair: "btc/zar" });
  assert.deepEqual(order, {
    pair: "XBTZAR",
    base: "XBT",
    counter: "ZAR",
    side: "BUY",
    type: "limit",
    volume: "0.01",
    price: "900000",
    timeInForce: "GTC",
  });
  assert.deepEqual(notes, []);
  assert.equal(orderDigest(order), orderDigest(normalized({ ...LIMIT, time_in_force: "GTC", post_only: false }).order));
  assert.notEqual(orderDigest(order), orderDigest(normalized({ ...LIMIT, post_only: true }).order));
});

for (
  const [text, code] of [
    ["-0.01", "ERR_AMOUNT_NOT_POSITIVE"],
    ["0", "ERR_AMOUNT_NOT_POSITIVE"],
    ["0.000", "ERR_AMOUNT_NOT_POSITIVE"],
    ["1e-2", "ERR_AMOUNT_FORM"],
    ["1E2", "ERR_AMOUNT_FORM"],
    ["0,01", "ERR_AMOUNT_FORM"],
    [".5", "ERR_AMOUNT_FORM"],
    ["+1", "ERR_AMOUNT_FORM"],
    ["0x10", "ERR_AMOUNT_FORM"],
    ["", "ERR_AMOUNT_FORM"],
    ["NaN", "ERR_AMOUNT_FORM"],
    ["1".repeat(41), "ERR_AMOUNT_FORM"],
    ["0.00005", "ERR_AMOUNT_TOO_PRECISE"],
    ["0.0004", "ERR_AMOUNT_TOO_SMALL"],
    ["100.0001", "ERR_AMOUNT_TOO_LARGE"],
  ] as const
) {
  Deno.test(`normalizeOrder() refuses the volume ${JSON.stringify(text)} with ${code}`, () => {
    assert.deepEqual(refusals({ ...LIMIT, volume: text }), [`volume ${code}`]);
    assert.deepEqual(refusals({ ...MARKET, volume: text }), [`volume ${code}`]);
  });
}

for (
  const [text, code] of [
    ["-1", "ERR_AMOUNT_NOT_POSITIVE"],
    ["9e5", "ERR_AMOUNT_FORM"],
    ["900000.5", "ERR_AMOUNT_TOO_PRECISE"],
    ["9999", "ERR_AMOUNT_TOO_SMALL"],
    ["10000001", "ERR_AMOUNT_TOO_LARGE"],
  ] as const
) {
  Deno.test(`normalizeOrder() refuses the price or stop price ${text} with ${code}`, () => {
    assert.deepEqual(refusals({ ...LIMIT, price: text }), [`price ${code}`]);
    assert.deepEqual(refusals({ ...STOP, stop_price: text }), [`stop_price ${code}`]);
  });
}

Deno.test("normalizeOrder() counts the decimals of a counter amount by its currency", () => {
  const market: OrderRequest = { pair: "XBTZAR", side: "BUY", type: "market" };
  assert.deepEqual(refusals({ ...market, counter_volume: "1000.001" }), ["counter_volume ERR_AMOUNT_TOO_PRECISE"]);
  assert.equal(normalized({ ...market, counter_volume: "1000.010" }).order.counterVolume, "1000.01");
  const usdt = { ...XBTZAR, market_id: "XBTUSDT", counter_currency: "USDT" };
  const order = { ...market, pair: "XBTUSDT", counter_volume: "1000.00000001" };
  assert.equal(normalized(order, undefined, usdt).order.counterVolume, "1000.00000001");
});

Deno.test("normalizeOrder() says what to change and what it was given, without control characters", () => {
  const answer = normalizeOrder({ ...LIMIT, volume: "1e-5", price: "9\u0000\u202e" }, XBTZAR);
  assert.ok(!answer.ok);
  assert.deepEqual(answer.problems.map(({ problem }) => problem), [
    'expected a plain decimal, such as 0.0005, without blanks or invisible characters: current value is "9\\u0000\\u202e"',
    'expected a decimal without exponent, such as 0.0005: current value is "1e-5"',
  ]);
});

Deno.test("normalizeOrder() lists every problem at once", () => {
  const request: OrderRequest = {
    pair: "ETHZAR",
    side: "BUY",
    type: "market",
    volume: "-1",
    counter_volume: "1e3",
    price: "0",
    time_in_force: "IOC",
    post_only: true,
    stop_price: "1",
    stop_direction: "ABOVE",
  };
  assert.deepEqual(refusals(request, { market: { ...XBTZAR, trading_status: "SUSPENDED" } }).toSorted(), [
    "counter_volume ERR_AMOUNT_FORM",
    "counter_volume ERR_FIELD_CONFLICT",
    "pair ERR_MARKET_CLOSED",
    "pair ERR_PAIR_UNKNOWN",
    "post_only ERR_FIELD_CONFLICT",
    "price ERR_FIELD_CONFLICT",
    "stop_direction ERR_FIELD_CONFLICT",
    "stop_price ERR_FIELD_CONFLICT",
    "time_in_force ERR_FIELD_CONFLICT",
    "volume ERR_AMOUNT_NOT_POSITIVE",
  ]);
});

Deno.test("normalizeOrder() refuses a market that is unknown, suspended or in an unknown state", () => {
  assert.deepEqual(refusals({ ...LIMIT, pair: "ETHZAR" }), ["pair ERR_PAIR_UNKNOWN"]);
  for (const trading_status of ["SUSPENDED", "UNKNOWN"] as const) {
    assert.deepEqual(refusals(LIMIT, { market: { ...XBTZAR, trading_status } }), ["pair ERR_MARKET_CLOSED"]);
  }
});

Deno.test("normalizeOrder() accepts only post-only limit orders in a post-only market", () => {
  const market: Market = { ...XBTZAR, trading_status: "POST_ONLY" };
  assert.equal(normalized({ ...LIMIT, post_only: true }, undefined, market).order.postOnly, true);
  for (const request of [LIMIT, MARKET, STOP]) {
    assert.deepEqual(refusals(request, { market }), ["post_only ERR_MARKET_POST_ONLY"], request.type);
  }
});

Deno.test("normalizeOrder() refuses post_only with IOC, FOK, a market or a stop-limit order", () => {
  for (const time_in_force of ["IOC", "FOK"] as const) {
    assert.deepEqual(refusals({ ...LIMIT, time_in_force, post_only: true }), ["post_only ERR_FIELD_CONFLICT"]);
  }
  for (const request of [MARKET, STOP]) {
    assert.deepEqual(refusals({ ...request, post_only: true }), ["post_only ERR_FIELD_CONFLICT"]);
  }
});

Deno.test("normalizeOrder() refuses a missing price, stop price or amount, and both amounts", () => {
  const { price: _price, ...unpriced } = LIMIT;
  const { stop_price: _stop, ...unstopped } = STOP;
  const { volume: _volume, ...empty } = LIMIT;
  assert.deepEqual(refusals(unpriced), ["price ERR_FIELD_MISSING"]);
  assert.deepEqual(refusals(unstopped), ["stop_price ERR_FIELD_MISSING"]);
  assert.deepEqual(refusals(empty), ["volume ERR_FIELD_MISSING"]);
  assert.deepEqual(refusals({ ...LIMIT, counter_volume: "1000" }), ["counter_volume ERR_FIELD_CONFLICT"]);
});

Deno.test("normalizeOrder() refuses a stop price or direction of another type, and a price at market", () => {
  assert.deepEqual(refusals({ ...LIMIT, stop_price: "890000" }), ["stop_price ERR_FIELD_CONFLICT"]);
  assert.deepEqual(refusals({ ...LIMIT, stop_direction: "ABOVE" }), ["stop_direction ERR_FIELD_CONFLICT"]);
  assert.deepEqual(refusals({ ...MARKET, price: "900000" }), ["price ERR_FIELD_CONFLICT"]);
});

Deno.test("normalizeOrder() leaves the stop direction to the exchange only with a note", () => {
  const { stop_direction: _direction, ...request } = STOP;
  const { order, notes } = normalized(request);
  assert.deepEqual([order.stopDirection, order.stopPrice], ["RELATIVE_LAST_TRADE", "890000"]);
  assert.match(notes.join(), /^stop_direction is RELATIVE_LAST_TRADE, as none was given/);
  assert.deepEqual(normalized(STOP).notes, []);
});

Deno.test("normalizeOrder() converts the counter amount of a limit order downwards and reports the remainder", () => {
  const { volume: _volume, ...request } = LIMIT;
  const { order, notes } = normalized({ ...request, counter_volume: "1000" });
  assert.equal(order.volume, "0.0011");
  assert.deepEqual(notes, ["volume is 0.0011 XBT, rounded down: 10 ZAR of counter_volume is left over"]);
  assert.deepEqual(normalized({ ...request, counter_volume: "900" }).notes, []);
  assert.deepEqual(refusals({ ...request, counter_volume: "449.99" }), ["counter_volume ERR_AMOUNT_TOO_SMALL"]);
  assert.deepEqual(refusals({ ...request, counter_volume: "90000900" }), ["counter_volume ERR_AMOUNT_TOO_LARGE"]);
});

Deno.test("normalizeOrder() computes what a market order must spend for a base amount by walking the asks", () => {
  const { order, notes } = normalized({ ...MARKET, side: "BUY", volume: "0.15" }, BOOK);
  assert.deepEqual([order.volume, order.counterVolume], [undefined, "150200"]);
  assert.match(notes.join(), /^counter_volume is 150200 ZAR, what 0\.15 XBT costs by the asks of this moment: once/);
  const fine = { ...BOOK, asks: [{ price: "1000000.123", volume: "1" }] };
  const cut = normalized({ ...MARKET, side: "BUY", volume: "0.15" }, fine);
  assert.equal(cut.order.counterVolume, "150000.02");
  assert.match(cut.notes.join(), /rounded up by 0\.00155: once/);
});

Deno.test("normalizeOrder() computes what a market order must sell for a counter amount by walking the bids", () => {
  const { volume: _volume, ...request } = MARKET;
  const { order, notes } = normalized({ ...request, counter_volume: "150000" }, BOOK);
  assert.deepEqual([order.volume, order.counterVolume], ["0.1502", undefined]);
  assert.deepEqual(notes, [
    "volume is 0.1502 XBT, rounded down: by the bids of this moment it brings in 149999.6 ZAR before fees, " +
    "0.4 less than counter_volume",
  ]);
});

Deno.test("normalizeOrder() converts a market order only by a book that is deep enough", () => {
  const buy: OrderRequest = { ...MARKET, side: "BUY", volume: "2" };
  const sell: OrderRequest = { pair: "XBTZAR", side: "SELL", type: "market", counter_volume: "5000000" };
  for (const [request, field] of [[buy, "volume"], [sell, "counter_volume"]] as const) {
    assert.deepEqual(refusals(request), [`${field} ERR_BOOK_NEEDED`]);
    assert.deepEqual(refusals(request, { book: BOOK }), [`${field} ERR_LIQUIDITY`]);
    assert.deepEqual(refusals(request, { book: { asks: [], bids: [] } }), [`${field} ERR_LIQUIDITY`]);
  }
});

Deno.test("normalizeOrder() checks what a market order would buy against the market's limits", () => {
  const request: OrderRequest = { pair: "XBTZAR", side: "BUY", type: "market", counter_volume: "500" };
  assert.deepEqual(refusals(request, { book: BOOK }), ["counter_volume ERR_AMOUNT_TOO_SMALL"]);
  assert.equal(normalized({ ...request, counter_volume: "501" }, BOOK).order.counterVolume, "501");
});

Deno.test("toRequestParams() uses BID and ASK for limit orders, BUY and SELL for market orders", () => {
  const calls = [
    { ...LIMIT, time_in_force: "IOC" },
    { ...LIMIT, side: "SELL", post_only: true },
    STOP,
    MARKET,
    { pair: "XBTZAR", side: "BUY", type: "market", counter_volume: "1000" },
  ] satisfies OrderRequest[];
  assert.deepEqual(calls.map((request) => toRequestParams(normalized(request).order)), [
    {
      endpoint: "postLimitOrder",
      params: { pair: "XBTZAR", type: "BID", volume: "0.01", price: "900000", time_in_force: "IOC" },
    },
    {
      endpoint: "postLimitOrder",
      params: {
        pair: "XBTZAR",
        type: "ASK",
        volume: "0.01",
        price: "900000",
        time_in_force: "GTC",
        post_only: true,
      },
    },
    {
      endpoint: "postLimitOrder",
      params: {
        pair: "XBTZAR",
        type: "BID",
        volume: "0.01",
        price: "900000",
        time_in_force: "GTC",
        stop_price: "890000",
        stop_direction: "BELOW",
      },
    },
    { endpoint: "postMarketOrder", params: { pair: "XBTZAR", type: "SELL", base_volume: "0.01" } },
    { endpoint: "postMarketOrder", params: { pair: "XBTZAR", type: "BUY", counter_volume: "1000" } },
  ]);
});

Deno.test("toRequestParams() does not send an order without its amount", () => {
  const { order } = normalized(MARKET);
  assert.throws(() => toRequestParams({ ...order, side: "BUY" }), TypeError);
  assert.throws(() => toRequestParams({ ...order, type: "limit" }), TypeError);
});

/** A decimal text in many spellings, fit or not. */
const amountText = fc.oneof(
  fc.tuple(fc.nat(2_000_000), fc.nat(6)).map(([units, scale]) => new Big(units).times(`1e-${scale}`).toFixed(scale)),
  fc.constantFrom("0", "-1", "1e5", "1.", "abc"),
);

const requests: fc.Arbitrary<OrderRequest> = fc.record({
  pair: fc.constant("XBTZAR"),
  side: fc.constantFrom("BUY", "SELL"),
  type: fc.constantFrom("limit", "market", "stop_limit"),
  volume: fc.option(amountText, { nil: undefined }),
  counter_volume: fc.option(amountText, { nil: undefined }),
  price: fc.option(fc.nat(2_000_000).map(String), { nil: undefined }),
  time_in_force: fc.constantFrom(undefined, "GTC", "IOC", "FOK"),
  post_only: fc.constantFrom(undefined, true, false),
  stop_price: fc.option(fc.nat(2_000_000).map(String), { nil: undefined }),
  stop_direction: fc.constantFrom(undefined, "ABOVE", "BELOW", "RELATIVE_LAST_TRADE"),
});

Deno.test("normalizeOrder() returns only orders that the exchange's parameters allow, on the market's scales", () => {
  fc.assert(
    fc.property(requests, (request) => {
      const answer = normalizeOrder(request, XBTZAR, { book: BOOK });
      if (!answer.ok) return assert.ok(answer.problems.length > 0);
      const { order } = answer;
      const { endpoint, params } = toRequestParams(order);
      assert.ok(endpoints[endpoint].params.safeParse(params).success, JSON.stringify(params));
      if (order.volume !== undefined) {
        assert.ok(countDecimals(new Big(order.volume)) <= XBTZAR.volume_scale);
        assert.ok(new Big(order.volume).gte(XBTZAR.min_volume));
      }
      if (order.price !== undefined) assert.equal(countDecimals(new Big(order.price)), 0);
      if (order.counterVolume !== undefined) assert.ok(countDecimals(new Big(order.counterVolume)) <= 2);
    }),
    { numRuns: 2_000 },
  );
});

const sizes = fc.tuple(fc.integer({ min: 1, max: 300_000_000 }), fc.nat(2))
  .map(([units, scale]) => new Big(units).times(`1e-${scale}`));

Deno.test("normalizeOrder() never trades more than requested, and less by under one step", () => {
  const step = new Big("0.0001");
  fc.assert(
    fc.property(sizes, fc.integer({ min: 10_000, max: 2_000_000 }), fc.boolean(), (counter, price, isMarket) => {
      const request: OrderRequest = isMarket
        ? { pair: "XBTZAR", side: "SELL", type: "market", counter_volume: counter.toFixed() }
        : { pair: "XBTZAR", side: "SELL", type: "limit", price: String(price), counter_volume: counter.toFixed() };
      const answer = normalizeOrder(request, XBTZAR, { book: BOOK });
      if (!answer.ok) return;
      const volume = new Big(answer.order.volume ?? "NaN");
      const worth = (base: Big) =>
        isMarket ? walkBook(BOOK, { side: "SELL", volume: base, volumeScale: 4 }).counter : base.times(price);
      assert.ok(worth(volume).lte(counter));
      assert.ok(worth(volume.plus(step)).gt(counter));
      if (worth(volume).lt(counter)) assert.ok(answer.notes.some((note) => note.includes("rounded down")));
    }),
    { numRuns: 2_000 },
  );
});
