import assert from "node:assert/strict";
import { type Estimate, estimateOrder } from "../../src/trading/orders/estimate.ts";
import { type EstimateFacts } from "../../src/trading/orders/outlook.ts";
import type { Order } from "../../src/trading/orders/order.ts";
import { BOOK, FEES, XBTZAR } from "./xbtzar.ts";

const PAIR = { pair: "XBTZAR", base: "XBT", counter: "ZAR" } as const;
const LIMIT = { ...PAIR, side: "BUY", type: "limit", volume: "0.4", price: "1002000", timeInForce: "GTC" } as const;
const MARKET = { ...PAIR, side: "BUY", type: "market", counterVolume: "50000" } as const;
const STOP = { ...LIMIT, type: "stop_limit", stopPrice: "1005000", stopDirection: "ABOVE" } as const;
const FUNDS = { base: "2", counter: "1000000" };

function estimate(order: Order, facts: Partial<EstimateFacts> = {}): Estimate {
  return estimateOrder(order, { market: XBTZAR, book: BOOK, fees: FEES, funds: FUNDS, ownOrders: [], ...facts });
}

Deno.test("estimateOrder() warns of own orders in words that fit the kind of order", () => {
  const ownOrders = [{ order_id: "BX1", side: "SELL", price: "1002000" }] as const;
  const told = (order: Order) =>
    [...estimate(order, { ownOrders }).warnings, ...estimate(order, { ownOrders }).problems]
      .filter(({ code }) => /OWN_ORDER|SELF/.test(code)).map(({ message }) => message);
  const own = "own open order SELL BX1 at 1002000";
  assert.deepEqual(told({ ...LIMIT, volume: "0.1" }), [
    `This price would cross your ${own}, behind what the order would take now`,
  ]);
  assert.deepEqual(told({ ...LIMIT, postOnly: true }), [
    `This price would cross your ${own}, and a post-only order that would trade is cancelled`,
  ]);
  assert.deepEqual(told(STOP), [`Once triggered, its limit price would cross your ${own}`]);
  assert.deepEqual(told({ ...MARKET, counterVolume: "200000" }), [
    `Cannot place order as it would trade with your ${own}: cancel it first or make it smaller`,
  ]);
  assert.deepEqual(told(LIMIT), [
    `Cannot place order as it would trade with your ${own}: cancel it first or choose another price`,
  ]);
});
