import assert from "node:assert/strict";
import { type Estimate, estimateOrder } from "../../../src/trading/orders/estimate.ts";
import { type EstimateFacts } from "../../../src/trading/orders/outlook.ts";
import {
  describeExchange,
  grouped,
  OrderSummary,
  summarizeOrder,
  summaryText,
} from "../../../src/trading/orders/order_summary.ts";
import type { Order } from "../../../src/trading/orders/order.ts";
import { BOOK, FEES, XBTZAR } from "../xbtzar.ts";

const PAIR = { pair: "XBTZAR", base: "XBT", counter: "ZAR" } as const;
const LIMIT = { ...PAIR, side: "BUY", type: "limit", volume: "0.4", price: "1002000", timeInForce: "GTC" } as const;
const MARKET = { ...PAIR, side: "BUY", type: "market", counterVolume: "50000" } as const;
const STOP = { ...LIMIT, type: "stop_limit", stopPrice: "1005000", stopDirection: "ABOVE" } as const;
const SELL = { ...PAIR, side: "SELL", type: "market", volume: "0.15" } as const;
const FUNDS = { base: "2", counter: "1000000" };
const LIVE = { kind: "live", host: "api.luno.com" } as const;

function estimate(order: Order, facts: Partial<EstimateFacts> = {}): Estimate {
  return estimateOrder(order, { market: XBTZAR, book: BOOK, fees: FEES, funds: FUNDS, ownOrders: [], ...facts });
}

function summary(
  order: Order,
  { replaces, ...facts }: Partial<EstimateFacts> & { readonly replaces?: string | undefined } = {},
): OrderSummary {
  const assessed = { order, estimate: estimate(order, facts), notes: [] };
  return summarizeOrder(assessed, { exchange: LIVE, identity: "local", replaces });
}

function headline(order: Order, replaces?: string): string {
  return summary(order, { replaces }).headline.replaceAll("\u00a0", " ");
}

/** What a person is shown beside the order's own terms, a line each. */
function lines(order: Order, facts: Partial<EstimateFacts> = {}): string[] {
  const terms = /^(Order|Market|Amount|Spends|Limit price|Placed on the book|Asked for by|Exact order): | available: /;
  return summaryText(summary(order, facts)).split("\n").slice(2).filter((line) => !terms.test(line));
}

Deno.test("summarizeOrder() says side, amount and worth in one line, for every kind of order", () => {
  assert.equal(headline(LIMIT), "Buy 0.4 BTC for about 400 700 ZAR");
  assert.equal(headline({ ...LIMIT, side: "SELL", price: "1100000" }), "Sell 0.4 BTC for about 440 000 ZAR");
  assert.equal(headline(MARKET), "Buy about 0.0499 BTC for 50 000 ZAR");
  assert.match(headline(SELL), /^Sell 0\.15 BTC for about 14\d \d{3} ZAR$/);
  assert.equal(headline(STOP), "Buy 0.4 BTC for about 400 800 ZAR, once a trade is at 1 005 000 ZAR or above");
  assert.equal(
    headline({ ...LIMIT, price: "990000" }, "BX1"),
    "Buy 0.4 BTC for about 396 000 ZAR, in place of order BX1",
  );
});

Deno.test("summarizeOrder() lists the terms of an order with grouped digits", () => {
  const details = new Map(
    summary(STOP, { replaces: "BX1" }).details.map(({ label, value }) => [label, value.replaceAll("\u00a0", " ")]),
  );
  assert.equal(details.get("Order"), "Stop-limit order, good till cancelled (GTC)");
  assert.equal(details.get("Market"), "BTC/ZAR (XBTZAR)");
  assert.equal(details.get("Amount"), "0.4 BTC");
  assert.equal(details.get("Limit price"), "1 002 000 ZAR for one BTC");
  assert.equal(details.get("Placed on the book"), "once a trade is at 1 005 000 ZAR or above");
  assert.equal(details.get("Replaces"), "order BX1, which is cancelled first");
  assert.equal(details.get("ZAR available"), "1 000 000 before, 599 200 after");
  assert.equal(details.get("Asked for by"), "local");
  assert.match(details.get("Exact order") ?? "", /^BUY 0\.4 XBT in XBTZAR at 1002000 ZAR each \(stop-limit, GTC, once/);
});

Deno.test("summarizeOrder() says of a limit order what fills, what rests and what each costs", () => {
  assert.deepEqual(lines(LIMIT), [
    "Fills at once: 0.3 BTC at 1 001 666.67 ZAR on average, 300 500 ZAR in all",
    "Slippage: 0.1667 % off the mid price",
    "Rests on the book: 0.1 BTC",
    "Fee at once: 0.0018 BTC",
    "Fee once the rest fills: 0.0004 BTC",
  ]);
  assert.deepEqual(lines({ ...LIMIT, price: "990000" }), [
    "Fills at once: nothing",
    "Rests on the book: 0.4 BTC",
    "Fee once the rest fills: 0.0016 BTC",
  ]);
  assert.deepEqual(lines({ ...LIMIT, price: "990000", timeInForce: "IOC" }), [
    "WARNING: Nothing would trade: the book has nothing within the limit",
    "Fills at once: nothing",
    "Is not traded: 0.4 BTC",
  ]);
});

Deno.test("summarizeOrder() says of a stop-limit order that it waits, not that it rests or what it costs now", () => {
  assert.deepEqual(lines(STOP), [
    "WARNING: It waits off the book until a trade reaches its stop price",
    "Fee: 0.6 % of what fills at once when it is set off, 0.4 % of what rests",
  ]);
  assert.deepEqual(lines(STOP, { book: { asks: [], bids: [] } }), lines(STOP));
});

Deno.test("summarizeOrder() of a market order mentions neither a limit nor resting", () => {
  const ownOrders = [{ order_id: "BX1", side: "SELL", price: "1005000" }] as const;
  assert.deepEqual(lines(MARKET, { ownOrders }), [
    "WARNING: If the book thins out, this could trade with your own open order SELL BX1 at 1 005 000",
    "Fills at once: 0.0499 BTC at 1 001 000 ZAR on average, 49 949.9 ZAR in all",
    "Slippage: 0.1 % off the mid price",
    "Fee at once: 0.0002994 BTC",
  ]);
  assert.doesNotMatch(summaryText(summary(MARKET)), /^Limit price/m);
});

Deno.test("summarizeOrder() names a rebate, the absence of a fee, and an unknown slippage", () => {
  const fees = { ...FEES, taker_fee_buy: "0", maker_fee_buy: "-0.0001" };
  assert.deepEqual(lines(LIMIT, { fees, book: { ...BOOK, bids: [] } }).slice(1), [
    "Slippage: unknown",
    "Rests on the book: 0.1 BTC",
    "Fee at once: none",
    "Rebate once the rest fills: 0.00001 BTC",
  ]);
});

Deno.test("summaryText() begins with whether money is real, then the order in one line", () => {
  const [exchange, first] = summaryText(summary(LIMIT)).split("\n");
  assert.deepEqual([exchange, first], ["LIVE: real money at api.luno.com", "Buy 0.4 BTC for about 400 700 ZAR"]);
  assert.deepEqual(OrderSummary.parse(JSON.parse(JSON.stringify(summary(LIMIT)))), summary(LIMIT));
});

Deno.test("describeExchange() treats every host as real money except the embedded exchange and paper", () => {
  const told = (kind: OrderSummary["exchange"]["kind"], host: string) => describeExchange({ kind, host });
  assert.equal(told("live", "api.luno.com"), "LIVE: real money at api.luno.com");
  for (const host of ["127.0.0.1:9000", "luno.com.example", "notluno.com"]) {
    assert.equal(told("live", host), `LIVE: ${host}, taken for real money`);
  }
  assert.equal(told("simulated", "127.0.0.1:9000"), "SIMULATED: simulated funds at 127.0.0.1:9000");
  assert.equal(told("paper", "api.luno.com"), "PAPER: paper funds, at the prices of api.luno.com");
});

Deno.test("grouped() groups digits of the whole part in threes, and leaves fractions unchanged", () => {
  const shown = ["0", "999", "1000", "1234567.12345678", "0.00000001", "-1234.5"].map(grouped);
  assert.deepEqual(shown.map((text) => text.replaceAll("\u00a0", " ")), [
    "0",
    "999",
    "1 000",
    "1 234 567.12345678",
    "0.00000001",
    "-1 234.5",
  ]);
});
