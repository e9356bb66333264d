import assert from "node:assert/strict";
import { type Estimate, type EstimateFacts, estimateOrder } from "../../src/trading/estimate.ts";
import { describeForConfirmation } from "../../src/trading/order_words.ts";
import type { Order } from "../../src/trading/order.ts";
import { BOOK, FEES, XBTZAR } from "./xbtzar.ts";

const PAIR = { pair: "XBTZAR", base: "XBT", counter: "ZAR" } as const;
const LIMIT = { ...PAIR, side: "BUY", type: "limit", volume: "0.4", price: "1002000", timeInForce: "GTC" } as const;
const MARKET = { ...PAIR, side: "BUY", type: "market", counterVolume: "50000" } as const;
const STOP = { ...LIMIT, type: "stop_limit", stopPrice: "1005000", stopDirection: "ABOVE" } as const;
const FUNDS = { base: "2", counter: "1000000" };

function estimate(order: Order, facts: Partial<EstimateFacts> = {}): Estimate {
  return estimateOrder(order, { market: XBTZAR, book: BOOK, fees: FEES, funds: FUNDS, ownOrders: [], ...facts });
}

/** What a person is shown, a line each, without what stands there for every order. */
function lines(order: Order, facts: Partial<EstimateFacts> = {}): string[] {
  const shown = describeForConfirmation({ order, estimate: estimate(order, facts), notes: [] }, {
    identity: "local",
    paper: false,
  }).split("\n");
  return shown.filter((line, index) => index > 0 && !/ available: |^Asked for by/.test(line));
}

Deno.test("describeForConfirmation() says of a limit order what fills, what rests and what each costs", () => {
  assert.deepEqual(lines(LIMIT), [
    "About 0.3 XBT would fill at once at 1001666.67 on average, for 300500 ZAR (slippage 0.1667 %)",
    "0.1 XBT would rest on the book",
    "Fee on what fills at once: 0.0018 XBT",
    "Fee on what rests, once it fills: 0.0004 XBT",
  ]);
  assert.deepEqual(lines({ ...LIMIT, price: "990000" }), [
    "Nothing would fill at once: it would rest on the book",
    "Fee on what rests, once it fills: 0.0016 XBT",
  ]);
  assert.deepEqual(lines({ ...LIMIT, price: "990000", timeInForce: "IOC" }), [
    "Nothing would fill at once",
    "Note: Nothing would trade: the book has nothing within the limit",
  ]);
});

Deno.test("describeForConfirmation() says of a stop-limit order that it waits, not that it rests or what it costs now", () => {
  assert.deepEqual(lines(STOP), [
    "Fee once it is set off: 0.6 % of what fills at once, 0.4 % of what rests",
    "Note: It waits off the book until a trade reaches its stop price",
  ]);
  assert.deepEqual(lines(STOP, { book: { asks: [], bids: [] } }), lines(STOP));
});

Deno.test("describeForConfirmation() says of a market order nothing about a limit or about resting", () => {
  const ownOrders = [{ order_id: "BX1", side: "SELL", price: "1005000" }] as const;
  assert.deepEqual(lines(MARKET, { ownOrders }), [
    "About 0.0499 XBT would fill at once at 1001000 on average, for 49949.9 ZAR (slippage 0.1 %)",
    "Fee on what fills at once: 0.0002994 XBT",
    "Note: It would trade with own open order SELL BX1 at 1005000 if the book had less before that",
  ]);
});

Deno.test("describeForConfirmation() names a rebate, no fee, and a slippage that nobody knows", () => {
  const fees = { ...FEES, taker_fee_buy: "0", maker_fee_buy: "-0.0001" };
  const shown = lines(LIMIT, { fees, book: { ...BOOK, bids: [] } });
  assert.match(shown[0] ?? "", /\(slippage unknown\)$/);
  assert.deepEqual(shown.slice(2), [
    "No fee on what fills at once",
    "Rebate on what rests, once it fills: 0.00001 XBT",
  ]);
});

Deno.test("estimateOrder() warns of own orders in words that fit the kind of order", () => {
  const ownOrders = [{ order_id: "BX1", side: "SELL", price: "1002000" }] as const;
  const told = (order: Order) =>
    [...estimate(order, { ownOrders }).warnings, ...estimate(order, { ownOrders }).problems]
      .filter(({ code }) => /OWN_ORDER|SELF/.test(code)).map(({ message }) => message);
  const own = "own open order SELL BX1 at 1002000";
  assert.deepEqual(told({ ...LIMIT, volume: "0.1" }), [
    `Its limit price reaches ${own}, behind what it would take now`,
  ]);
  assert.deepEqual(told({ ...LIMIT, postOnly: true }), [
    `Its price reaches ${own}, and a post-only order that would trade is cancelled`,
  ]);
  assert.deepEqual(told(STOP), [`Once it is set off, its limit price reaches ${own}`]);
  assert.deepEqual(told({ ...MARKET, counterVolume: "200000" }), [
    `Cannot place order as it would trade with ${own}: cancel it first or make it smaller`,
  ]);
  assert.deepEqual(told(LIMIT), [
    `Cannot place order as it would trade with ${own}: cancel it first or choose another price`,
  ]);
});
