import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import { Accounts } from "../../src/simulation/engine/accounts.ts";
import { Exchange } from "../../src/simulation/exchange.ts";
import { createIdentifiers } from "../../src/simulation/engine/identifiers.ts";
import type { Book, PriceModel, Trade } from "../../src/simulation/model/market_data.ts";
import { findMarket } from "../../src/simulation/model/markets.ts";
import type { OrderDraft } from "../../src/simulation/engine/order_draft.ts";
import { type SimulationOptions, withDefaults } from "../../src/simulation/options.ts";
import { Refusal } from "../../src/simulation/engine/refusal.ts";

const MARKET = findMarket("XBTZAR") ?? assert.fail("XBTZAR is not listed");
const START = 1_000_000;

/** One bid of 1 XBT at 1,000,000 and one ask at 1,001,000; strangers trade where a test says. */
class QuietWorld implements PriceModel {
  book: Book = {
    bids: [{ id: "bid", price: 1_000_000, volume: 1_000_000 }],
    asks: [{ id: "ask", price: 1_001_000, volume: 1_000_000 }],
  };
  trades: Trade[] = [];
  bookAt(marketId: string): Book {
    return marketId === MARKET.id ? this.book : { bids: [], asks: [] };
  }
  tradesBetween(marketId: string, fromMs: number, toMs: number): readonly Trade[] {
    return this.trades.filter(({ timestamp }) => marketId === MARKET.id && timestamp >= fromMs && timestamp < toMs);
  }
}

/** An exchange with 10 XBT and 20 million ZAR. */
function openExchange(options: SimulationOptions = {}) {
  const identifiers = createIdentifiers(1);
  const accounts = new Accounts();
  const base = accounts.open("1", { currency: "XBT", name: "" });
  const counter = accounts.open("2", { currency: "ZAR", name: "" });
  for (const [account, amount] of [[base, new Big(10)], [counter, new Big(20_000_000)]] as const) {
    account.ledger.append({
      timestamp: START,
      balanceDelta: amount,
      availableDelta: amount,
      kind: "TRANSFER",
      description: "Deposit received",
      reference: "deposit",
    });
  }
  const world = new QuietWorld();
  const recorded: Trade[] = [];
  const tape = { record: (_: string, trade: Trade) => recorded.push(trade) };
  const settings = withDefaults(options);
  const exchange = new Exchange({ accounts, model: world, tape, identifiers, settings, startMs: START });
  return { exchange, accounts, base: base.ledger, counter: counter.ledger, world, recorded };
}

function draft(order: Partial<OrderDraft>): OrderDraft {
  return {
    clientOrderId: "",
    market: MARKET,
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    postOnly: false,
    limitPrice: 1_000_500,
    limitVolume: 100_000,
    budget: null,
    stop: null,
    baseAccountId: "1",
    counterAccountId: "2",
    ...order,
  };
}

function stranger(timestamp: number, price: number, volume: number): Trade {
  return { timestamp, price, volume, isBuy: false };
}

Deno.test("Exchange.place() trades at the maker's price and takes a buyer's fee in base at the taker rate", () => {
  const { exchange, base, counter } = openExchange();
  const order = exchange.place(draft({ limitPrice: 1_002_000 }), START);
  assert.equal(order.status, "COMPLETE");
  assert.equal(order.counter.toFixed(), "100100");
  assert.equal(order.feeBase.toFixed(), new Big("0.1").times(MARKET.takerFee).toFixed());
  assert.equal(base.totals.balance.toFixed(), new Big("10.1").minus(order.feeBase).toFixed());
  assert.equal(counter.totals.available.toFixed(), "19899900");
});

Deno.test("Exchange.place() writes one EXCHANGE row per account and a FEE row under one reference", () => {
  const { exchange, base, counter } = openExchange();
  exchange.place(draft({ limitPrice: 1_002_000 }), START);
  const rows = [...base.rows(2, 9), ...counter.rows(2, 9)];
  assert.deepEqual(rows.map(({ kind, description }) => `${kind} ${description}`), [
    "EXCHANGE Bought 0.1 BTC/ZAR @ 1,001,000",
    "FEE Trading fee",
    "EXCHANGE Bought 0.1 BTC/ZAR @ 1,001,000",
  ]);
  assert.equal(new Set(rows.map(({ reference }) => reference)).size, 1);
});

Deno.test("Exchange.place() reserves what rests, and cancel() releases exactly that", () => {
  const { exchange, counter } = openExchange();
  const order = exchange.place(draft({}), START);
  assert.equal(order.status, "PENDING");
  assert.equal(counter.totals.available.toFixed(), "19899950");
  assert.equal(counter.totals.balance.toFixed(), "20000000");
  assert.equal(exchange.cancel(order.id, START + 5), true);
  assert.equal(counter.totals.available.toFixed(), "20000000");
  const cancelled = exchange.orders.get(order.id);
  assert.deepEqual([cancelled?.status, cancelled?.cancelledAt, cancelled?.completedAt], [
    "COMPLETE",
    START + 5,
    START + 5,
  ]);
  assert.equal(exchange.cancel(order.id, START + 6), false);
});

Deno.test("Exchange.advance() fills a resting order up to the volume of another participant's trade, at its own price", () => {
  const { exchange, world, recorded } = openExchange();
  const { id } = exchange.place(draft({}), START);
  world.trades = [stranger(START + 10, 1_000_400, 30_000), stranger(START + 20, 1_000_600, 50_000)];
  exchange.advance(START + 30);
  const order = exchange.orders.get(id);
  assert.deepEqual([order?.filled, order?.status, order?.counter.toFixed()], [30_000, "PENDING", "30015"]);
  assert.equal(order?.feeBase.toFixed(), new Big("0.03").times(MARKET.makerFee).toFixed());
  assert.deepEqual(recorded, [{ timestamp: START + 10, price: 1_000_500, volume: 30_000, isBuy: false }]);
});

Deno.test("Exchange.advance() gives another participant's volume to the best price first, then to the oldest", () => {
  const { exchange, world } = openExchange();
  const ids = [1_000_100, 1_000_200, 1_000_100].map((limitPrice) =>
    exchange.place(draft({ limitPrice, limitVolume: 10_000 }), START).id
  );
  world.trades = [stranger(START + 1, 1_000_000, 15_000)];
  exchange.advance(START + 1);
  assert.deepEqual(ids.map((id) => exchange.orders.get(id)?.filled), [5_000, 10_000, 0]);
});

Deno.test("Exchange.advance() gives the same result in one step as in many", () => {
  const trades = Array.from({ length: 40 }, (_, i) => stranger(START + 100 * i, 1_000_300 + (i * 37) % 400, 2_000));
  const outcomes = [[4_000], [1, 400, 401, 2_222, 4_000]].map((moments) => {
    const { exchange, world } = openExchange();
    const { id } = exchange.place(draft({ limitVolume: 70_000 }), START);
    world.trades = trades;
    for (const moment of moments) exchange.advance(START + moment);
    return exchange.orders.get(id);
  });
  assert.deepEqual(outcomes[0], outcomes[1]);
  assert.ok((outcomes[0]?.filled ?? 0) > 0);
});

Deno.test("Exchange.place() cannot take the same quote twice while it lasts", () => {
  const { exchange } = openExchange();
  exchange.place(draft({ limitPrice: 1_001_000, limitVolume: 700_000, timeInForce: "IOC" }), START);
  const second = exchange.place(draft({ limitPrice: 1_001_000, limitVolume: 700_000, timeInForce: "IOC" }), START);
  assert.equal(second.filled, 300_000);
  assert.equal(exchange.bookAt(MARKET, START).asks.length, 0);
});

Deno.test("Exchange.bookAt() shows own orders behind the quotes of the same price and is never crossed", () => {
  const { exchange, world } = openExchange();
  const { id } = exchange.place(draft({ limitPrice: 1_000_000 }), START);
  assert.deepEqual(exchange.bookAt(MARKET, START).bids.map((order) => order.id), ["bid", id]);
  world.book = {
    bids: [],
    asks: [{ id: "low", price: 999_000, volume: 1 }, { id: "high", price: 1_002_000, volume: 1 }],
  };
  assert.deepEqual(exchange.bookAt(MARKET, START).asks.map((order) => order.id), ["high"]);
  const ask = exchange.place(draft({ side: "SELL", limitPrice: 1_001_500 }), START);
  world.book = { bids: [{ id: "high", price: 1_001_500, volume: 1 }], asks: [] };
  const { bids, asks } = exchange.bookAt(MARKET, START);
  assert.deepEqual([bids.map((order) => order.id), asks.map((order) => order.id)], [[id], [ask.id]]);
});

Deno.test("Exchange.place() holds a stop until a trade reaches its price in its direction", () => {
  const { exchange, world, base } = openExchange();
  const stop = { price: 990_000, direction: "BELOW" } as const;
  const { id } = exchange.place(draft({ side: "SELL", type: "STOP_LIMIT", limitPrice: 985_000, stop }), START);
  assert.equal(base.totals.available.toFixed(), "9.9");
  world.trades = [stranger(START + 10, 990_001, 1), stranger(START + 20, 990_000, 1)];
  exchange.advance(START + 19);
  assert.equal(exchange.orders.get(id)?.status, "AWAITING");
  exchange.advance(START + 20);
  assert.deepEqual([exchange.orders.get(id)?.status, exchange.orders.get(id)?.counter.toFixed()], [
    "COMPLETE",
    "100000",
  ]);
});

Deno.test("Exchange.cancel() ends a stop that is still held", () => {
  const { exchange, base } = openExchange();
  const stop = { price: 990_000, direction: "BELOW" } as const;
  const { id } = exchange.place(draft({ side: "SELL", type: "STOP_LIMIT", limitPrice: 985_000, stop }), START);
  assert.equal(exchange.cancel(id, START + 1), true);
  assert.equal(base.totals.available.toFixed(), "10");
});

Deno.test("Exchange.place() without reserveStops ends a triggered stop whose funds are gone", () => {
  const { exchange, world } = openExchange({ reserveStops: false });
  const stop = { price: 990_000, direction: "BELOW" } as const;
  const waiting = { side: "SELL", type: "STOP_LIMIT", limitPrice: 985_000, limitVolume: 10_000_000, stop } as const;
  const { id } = exchange.place(draft(waiting), START);
  exchange.place(draft({ side: "SELL", limitPrice: 1_200_000, limitVolume: 5_000_000 }), START);
  world.trades = [stranger(START + 1, 980_000, 1)];
  exchange.advance(START + 1);
  assert.deepEqual([exchange.orders.get(id)?.status, exchange.orders.get(id)?.filled], ["COMPLETE", 0]);
});

Deno.test("Exchange triggers a stop by an own trade, which is public", () => {
  const { exchange } = openExchange();
  const stop = { price: 1_001_000, direction: "ABOVE" } as const;
  const { id } = exchange.place(draft({ type: "STOP_LIMIT", limitPrice: 1_000_500, stop }), START);
  assert.equal(exchange.place(draft({ limitPrice: 1_001_000 }), START + 1).status, "COMPLETE");
  assert.equal(exchange.orders.get(id)?.status, "PENDING");
});

Deno.test("Exchange.place() with orderDelayMs reserves at once and matches when the order arrives", () => {
  const { exchange, counter } = openExchange({ orderDelayMs: 50 });
  const { id } = exchange.place(draft({ limitPrice: 1_002_000 }), START);
  assert.equal(exchange.orders.get(id)?.status, "AWAITING");
  assert.equal(counter.totals.available.toFixed(), "19899800");
  assert.equal(exchange.cancel(id, START + 49), false);
  exchange.advance(START + 50);
  assert.equal(exchange.orders.get(id)?.status, "COMPLETE");
  assert.equal(counter.totals.available.toFixed(), "19899900");
  assert.equal(counter.totals.balance.toFixed(), "19899900");
});

Deno.test("Exchange.place() sells a whole balance, taking the fee from the proceeds when the base is spent", () => {
  const { exchange, base } = openExchange();
  const order = exchange.place(draft({ side: "SELL", limitPrice: 1_000_000, limitVolume: 10_000_000 }), START);
  assert.deepEqual([order.filled, order.status], [1_000_000, "PENDING"]);
  assert.equal(order.feeBase.toFixed(), "0");
  assert.equal(order.feeCounter.toFixed(), new Big("1000000").times(MARKET.takerFee).toFixed());
  assert.equal(base.totals.available.toFixed(), "0");
});

Deno.test("Exchange.place() with sellFeeIn counter takes a seller's fee from the proceeds", () => {
  const { exchange, base, counter } = openExchange({ sellFeeIn: "counter" });
  const order = exchange.place(draft({ side: "SELL", limitPrice: 1_000_000 }), START);
  assert.equal(order.feeBase.toFixed(), "0");
  assert.equal(order.feeCounter.toFixed(), new Big("100000").times(MARKET.takerFee).toFixed());
  assert.equal(base.totals.balance.toFixed(), "9.9");
  assert.equal(counter.totals.balance.toFixed(), new Big("20100000").minus(order.feeCounter).toFixed());
});

Deno.test("Exchange.place() lets own orders trade with each other, or on request cancels the resting one", () => {
  const trading = openExchange().exchange;
  const cancelling = openExchange({ selfTrade: "cancel_resting" }).exchange;
  const [traded, spared] = [trading, cancelling].map((exchange) => {
    const maker = exchange.place(draft({ side: "SELL", limitPrice: 1_000_600 }), START);
    exchange.place(draft({ limitPrice: 1_000_600 }), START + 1);
    return exchange.orders.get(maker.id);
  });
  assert.deepEqual([traded?.filled, traded?.cancelledAt], [100_000, 0]);
  assert.deepEqual([spared?.filled, spared?.status], [0, "COMPLETE"]);
  assert.deepEqual(trading.trades.map(({ side, sequence }) => `${side} ${sequence}`), ["BUY 1", "SELL 1"]);
});

const someOrder = fc.record({
  side: fc.constantFrom("BUY" as const, "SELL" as const),
  kind: fc.constantFrom("GTC", "IOC", "FOK", "POST", "MARKET", "STOP", "CANCEL"),
  price: fc.integer({ min: 999_000, max: 1_002_000 }),
  volume: fc.integer({ min: 1, max: 10_000_000 }),
  waitMs: fc.integer({ min: 0, max: 2_000 }),
  strangerPrice: fc.integer({ min: 999_000, max: 1_002_000 }),
});

type SomeOrder = typeof someOrder extends fc.Arbitrary<infer Value> ? Value : never;

function act(exchange: Exchange, { side, kind, price, volume }: SomeOrder, atMs: number): void {
  if (kind === "CANCEL") {
    const [oldest] = exchange.orders.live();
    if (oldest !== undefined) exchange.cancel(oldest.id, atMs);
    return;
  }
  const stop = kind === "STOP" ? { price: price - 200, direction: "BELOW" as const } : null;
  const shape: Partial<OrderDraft> = kind === "MARKET"
    ? side === "BUY"
      ? { type: "MARKET", timeInForce: "IOC", limitPrice: 0, limitVolume: 0, budget: new Big(volume) }
      : { type: "MARKET", timeInForce: "IOC", limitPrice: 0, limitVolume: volume }
    : {
      type: stop === null ? "LIMIT" : "STOP_LIMIT",
      limitPrice: price,
      limitVolume: volume,
      stop,
      postOnly: kind === "POST",
      timeInForce: kind === "IOC" || kind === "FOK" ? kind : "GTC",
    };
  try {
    exchange.place(draft({ side, ...shape }), atMs);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
  }
}

Deno.test("Exchange keeps every ledger consistent, whatever is ordered", () => {
  const choices = fc.record({
    orderDelayMs: fc.constantFrom(0, 300),
    sellFeeIn: fc.constantFrom("base" as const, "counter" as const),
    selfTrade: fc.constantFrom("trade" as const, "cancel_resting" as const),
    reserveStops: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(someOrder, { maxLength: 40 }), choices, (orders, options) => {
      const { exchange, accounts, world } = openExchange(options);
      let atMs = START;
      for (const order of orders) {
        world.trades.push(stranger(atMs + 1, order.strangerPrice, 200_000));
        atMs += order.waitMs + 2;
        act(exchange, order, atMs);
      }
      exchange.advance(atMs + 10_000);
      assertLedgersAddUp(exchange, accounts);
      for (const { id } of [...exchange.orders.live()]) exchange.cancel(id, atMs + 10_000);
      for (const { ledger } of accounts.all()) assert.ok(ledger.totals.available.eq(ledger.totals.balance));
    }),
    { numRuns: 60 },
  );
});

/** Balances come from deposits, fills and fees alone; what is not available is held by open orders. */
function assertLedgersAddUp(exchange: Exchange, accounts: Accounts): void {
  const expected = { base: new Big(10), counter: new Big(20_000_000) };
  for (const trade of exchange.trades) {
    const sign = trade.side === "BUY" ? 1 : -1;
    expected.base = expected.base.plus(new Big(`${trade.volume}e-6`).times(sign)).minus(trade.feeBase);
    expected.counter = expected.counter.minus(trade.counter.times(sign)).minus(trade.feeCounter);
  }
  const held = { base: new Big(0), counter: new Big(0) };
  for (const order of exchange.orders.live()) {
    if (order.side === "BUY") held.counter = held.counter.plus(order.reserved);
    else held.base = held.base.plus(order.reserved);
  }
  for (const [id, side] of [["1", "base"], ["2", "counter"]] as const) {
    const { ledger } = accounts.get(id);
    const { balance, available } = ledger.totals;
    assert.equal(balance.toFixed(), expected[side].toFixed());
    assert.equal(balance.minus(available).toFixed(), held[side].toFixed());
    let running = new Big(0);
    for (const row of ledger.rows(1, ledger.length + 1)) {
      running = running.plus(row.balanceDelta);
      assert.equal(row.balance.toFixed(), running.toFixed());
      assert.ok(row.available.gte(0) && row.available.lte(row.balance));
    }
  }
}
