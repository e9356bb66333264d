import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import type { PublicTrade } from "../../../src/exchange/market_schemas.ts";
import type { AccountChanges } from "../../../src/simulation/paper/account_state.ts";
import type { PaperAccount, TakenLevel } from "../../../src/simulation/paper/ledger.ts";
import { readOrder, readRow, readTrade, writeDraft, writeOrder } from "../../../src/simulation/paper/ledger_values.ts";
import { missingAccounts } from "../../../src/simulation/paper/openings.ts";
import { PaperIds } from "../../../src/simulation/paper/paper_ids.ts";
import { marketOfTerms } from "../../../src/simulation/paper/paper_market.ts";
import { readBook, type RealBook } from "../../../src/simulation/paper/real_book.ts";
import { cancelOrder, MAX_LIVE_ORDERS, meetMarket, placeOrder } from "../../../src/simulation/paper/trading.ts";
import type { OrderDraft } from "../../../src/simulation/engine/order_draft.ts";
import type { LedgerRow } from "../../../src/simulation/engine/ledger.ts";
import type { Order, UserTrade } from "../../../src/simulation/engine/orders.ts";
import { Refusal } from "../../../src/simulation/engine/refusal.ts";

const OPENINGS = { XBT: "10", ZAR: "1000000" };

/** One tick is a rand, one lot a hundredth of a bitcoin. */
const MARKET = marketOfTerms({
  id: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  priceScale: 0,
  volumeScale: 2,
  feeScale: 8,
  makerFee: "0.004",
  takerFee: "0.006",
});

const EMPTY: RealBook = { bids: [], asks: [] };

type Wanted =
  & Partial<Pick<OrderDraft, "clientOrderId" | "side" | "type" | "timeInForce" | "postOnly" | "budget" | "stop">>
  & {
    readonly price?: number;
    readonly lots?: number;
  };

/** One identity's trading in one market, as a ledger would keep it. */
class Trader {
  clock = 1_000;
  /** The system's clock. */
  systemMs = 0;
  readonly accounts = new Map<string, PaperAccount>();
  readonly orders = new Map<string, Order>();
  readonly trades: UserTrade[] = [];
  readonly rows: (LedgerRow & { readonly accountId: string })[] = [];
  readonly #taken = new Map<string, TakenLevel>();
  readonly #ids = new PaperIds();
  #sequence = 0;

  constructor() {
    const request = { known: [], currencies: [], openings: OPENINGS, nowMs: 0 };
    for (const { account, row } of missingAccounts(request, this.#ids)) {
      this.accounts.set(account.id, account);
      if (row !== undefined) this.rows.push({ ...readRow(row), accountId: account.id });
    }
  }

  place({ price = 0, lots = 0, ...wanted }: Wanted, book: RealBook = EMPTY, seen = 0): Order {
    const draft: OrderDraft = {
      clientOrderId: "",
      market: MARKET,
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTC",
      postOnly: false,
      limitPrice: price,
      limitVolume: lots,
      budget: null,
      stop: null,
      baseAccountId: this.account("XBT").id,
      counterAccountId: this.account("ZAR").id,
      ...wanted,
    };
    const namesake = [...this.orders.values()].find(({ clientOrderId }) =>
      clientOrderId !== "" && clientOrderId === draft.clientOrderId
    )?.id;
    const facts = { ...this.#facts, liveOrders: this.live.length, namesake, systemMs: this.systemMs };
    const placement = { draft: writeDraft(draft), book, seen, nowMs: ++this.clock, expiresMs: 5 };
    const { order, changes } = placeOrder(facts, placement, this.#ids);
    this.#keep(changes);
    return readOrder(order);
  }

  cancel(id: string): boolean {
    const order = this.orders.get(id);
    if (order === undefined) return false;
    const changes = cancelOrder(this.#facts, { order, nowMs: ++this.clock }, this.#ids);
    if (changes !== undefined) this.#keep(changes);
    return changes !== undefined;
  }

  meet(trades: readonly PublicTrade[], book = EMPTY): void {
    this.#keep(meetMarket(this.#facts, { market: MARKET, trades, book, nowMs: ++this.clock }, this.#ids));
  }

  order({ id }: Pick<Order, "id">): Order {
    const order = this.orders.get(id);
    assert.ok(order);
    return order;
  }

  get live(): Order[] {
    return [...this.orders.values()].filter(({ status }) => status !== "COMPLETE");
  }

  account(currency: string): PaperAccount {
    const account = [...this.accounts.values()].find((each) => each.currency === currency);
    assert.ok(account);
    return account;
  }

  get totals(): Record<string, readonly [string, string]> {
    const accounts = [...this.accounts.values()];
    return Object.fromEntries(accounts.map(({ currency, balance, available }) => [currency, [balance, available]]));
  }

  get #facts() {
    return {
      live: this.live.map((order) => writeOrder(order)),
      accounts: [...this.accounts.values()],
      taken: [...this.#taken.values()],
      sequence: this.#sequence,
    };
  }

  #keep({ orders, trades, rows, taken, sequence }: AccountChanges): void {
    for (const order of orders) this.orders.set(order.id, readOrder(order));
    this.trades.push(...trades.map(readTrade));
    for (const { accountId, ...row } of rows) {
      this.rows.push({ ...readRow(row), accountId });
      const account = this.accounts.get(accountId);
      assert.ok(account);
      const { balance, available } = row;
      this.accounts.set(accountId, { ...account, balance, available, rows: row.index });
    }
    for (const level of taken) this.#taken.set(`${level.side} ${level.price}`, level);
    this.#sequence = sequence;
  }
}

function bookOf(bids: readonly [number, number][], asks: readonly [number, number][]): RealBook {
  const levels = (side: readonly [number, number][]) => side.map(([price, volume]) => ({ price, volume }));
  return { bids: levels(bids), asks: levels(asks) };
}

function trade(sequence: number, price: string, volume: string): PublicTrade {
  return { sequence, price, volume, timestamp: 0, is_buy: false };
}

function refusedAs(code: string) {
  return (error: unknown) => error instanceof Refusal && error.code === code;
}

Deno.test("PaperEngine.place() fills from the best level on and rests the remainder with its funds reserved", () => {
  const trader = new Trader();
  const order = trader.place({ price: 110, lots: 500 }, bookOf([], [[100, 100], [110, 200], [120, 900]]));
  assert.deepEqual([order.status, order.filled], ["PENDING", 300]);
  assert.deepEqual([order.base.toFixed(), order.counter.toFixed(), order.feeBase.toFixed()], ["3", "320", "0.018"]);
  assert.deepEqual(trader.totals, { XBT: ["12.982", "12.982"], ZAR: ["999680", "999460"] });
  assert.deepEqual(trader.order(order), order);
});

Deno.test("PaperEngine.place() drops the remainder of an immediate-or-cancel order", () => {
  const trader = new Trader();
  const order = trader.place({ price: 110, lots: 500, timeInForce: "IOC" }, bookOf([], [[100, 100]]));
  assert.deepEqual([order.status, order.filled, order.cancelledAt], ["COMPLETE", 100, 0]);
  assert.deepEqual(trader.totals.ZAR, ["999900", "999900"]);
});

Deno.test("PaperEngine.place() fills a fill-or-kill order completely or not at all", () => {
  const trader = new Trader();
  const book = bookOf([], [[100, 100], [110, 200]]);
  const killed = trader.place({ price: 110, lots: 301, timeInForce: "FOK" }, book);
  assert.deepEqual([killed.status, killed.filled], ["COMPLETE", 0]);
  assert.deepEqual(trader.totals, { XBT: ["10", "10"], ZAR: ["1000000", "1000000"] });
  assert.equal(trader.place({ price: 110, lots: 300, timeInForce: "FOK" }, book).filled, 300);
});

Deno.test("PaperEngine.place() refuses a post-only order that would trade with the real book or an own order", () => {
  const trader = new Trader();
  const book = bookOf([], [[100, 1]]);
  assert.throws(() => trader.place({ price: 100, lots: 1, postOnly: true }, book), refusedAs("ErrOrderCanceled"));
  assert.equal(trader.place({ price: 99, lots: 1, postOnly: true }, book).status, "PENDING");
  const sale = { side: "SELL", price: 99, lots: 1, postOnly: true } as const;
  assert.throws(() => trader.place(sale, EMPTY), refusedAs("ErrOrderCanceled"));
});

Deno.test("PaperEngine.place() refuses a market order that exceeds the book", () => {
  const trader = new Trader();
  const sell = { side: "SELL", type: "MARKET", timeInForce: "IOC", lots: 300 } as const;
  assert.throws(() => trader.place(sell, EMPTY), refusedAs("ErrNotEnoughLiquidity"));
  assert.throws(() => trader.place(sell, bookOf([[100, 200], [89, 100]], [])), refusedAs("ErrNotEnoughLiquidity"));
  assert.equal(trader.place(sell, bookOf([[100, 200], [90, 100]], [])).counter.toFixed(), "290");
});

Deno.test("PaperEngine.place() refuses what exceeds the available balance", () => {
  const trader = new Trader();
  trader.place({ price: 1_000, lots: 90_000 });
  assert.throws(() => trader.place({ price: 1_000, lots: 10_001 }), refusedAs("ErrInsufficientBalance"));
  assert.equal(trader.place({ price: 1_000, lots: 10_000 }).status, "PENDING");
  assert.deepEqual(trader.totals.ZAR, ["1000000", "0"]);
});

Deno.test("PaperEngine.meetTrades() fills at the order's own price, up to the trade's volume, once for each trade", () => {
  const trader = new Trader();
  const order = trader.place({ price: 100, lots: 300 }, EMPTY, 7);
  const trades = [trade(9, "99.5", "1.009"), trade(8, "100.01", "5"), trade(7, "90", "5")];
  for (let poll = 0; poll < 3; poll++) trader.meet(trades);
  assert.deepEqual([trader.order(order).filled, trader.order(order).counter.toFixed()], [100, "100"]);
  assert.equal(trader.order(order).feeBase.toFixed(), "0.004");
  trader.meet([trade(10, "100", "9"), ...trades]);
  assert.deepEqual([trader.order(order).status, trader.order(order).filled], ["COMPLETE", 300]);
  assert.deepEqual(trader.totals, { XBT: ["12.988", "12.988"], ZAR: ["999700", "999700"] });
});

Deno.test("PaperEngine.meetTrades() divides the volume of a trade among the orders it crosses, the best price first", () => {
  const trader = new Trader();
  const [low, high] = [trader.place({ price: 99, lots: 100 }), trader.place({ price: 100, lots: 100 })];
  trader.meet([trade(1, "98", "1.5")]);
  assert.deepEqual([trader.order(low).filled, trader.order(high).filled], [50, 100]);
});

Deno.test("PaperEngine.meetTrades() triggers a stop by a later trade only, and does not fill it by the trade that triggered it", () => {
  const trader = new Trader();
  const stop = { price: 105, direction: "ABOVE" } as const;
  const order = trader.place({ type: "STOP_LIMIT", price: 106, lots: 100, stop }, EMPTY, 5);
  assert.deepEqual(trader.totals.ZAR, ["1000000", "999894"]);
  trader.meet([trade(5, "110", "9"), trade(6, "104.9", "9")]);
  assert.equal(trader.order(order).status, "AWAITING");
  trader.meet([trade(7, "105", "9")]);
  assert.deepEqual([trader.order(order).status, trader.order(order).filled], ["PENDING", 0]);
  trader.meet([trade(8, "105", "9")]);
  assert.deepEqual([trader.order(order).status, trader.order(order).counter.toFixed()], ["COMPLETE", "106"]);
});

Deno.test("PaperEngine.place() triggers no stop by its own trade, which is not a real one", () => {
  const trader = new Trader();
  const stop = { price: 105, direction: "ABOVE" } as const;
  const waiting = trader.place({ type: "STOP_LIMIT", price: 106, lots: 100, stop });
  assert.equal(trader.place({ price: 110, lots: 50 }, bookOf([], [[110, 50]])).filled, 50);
  assert.equal(trader.order(waiting).status, "AWAITING");
});

Deno.test("PaperEngine.place() refuses a used client order id, whatever became of its order", () => {
  const trader = new Trader();
  const named = { price: 100, lots: 1, timeInForce: "IOC", clientOrderId: "mine" } as const;
  assert.equal(trader.place(named).status, "COMPLETE");
  assert.throws(() => trader.place(named), refusedAs("ErrDuplicateClientOrderID"));
});

Deno.test("PaperEngine.meetBook() fills a resting order from a level that crosses it, once from the same lots", () => {
  const trader = new Trader();
  const order = trader.place({ price: 100, lots: 300 });
  const book = bookOf([], [[98, 100], [101, 900]]);
  for (let poll = 0; poll < 3; poll++) trader.meet([], book);
  assert.deepEqual([trader.order(order).filled, trader.order(order).counter.toFixed()], [100, "100"]);
  trader.meet([], bookOf([], [[98, 150]]));
  assert.equal(trader.order(order).filled, 150);
});

Deno.test("PaperEngine.place() trades with an own resting order, after the real book's lots", () => {
  const trader = new Trader();
  const bid = trader.place({ price: 100, lots: 100 });
  const ask = trader.place({ side: "SELL", price: 100, lots: 150 }, bookOf([[100, 80]], []));
  assert.deepEqual([ask.status, ask.filled, trader.order(bid).filled], ["COMPLETE", 150, 70]);
});

Deno.test("PaperEngine.cancel() releases what is reserved, and has no effect on a final order", () => {
  const trader = new Trader();
  const { id } = trader.place({ price: 100, lots: 300 }, bookOf([], [[100, 100]]));
  assert.equal(trader.cancel(id), true);
  assert.equal(trader.cancel(id), false);
  assert.deepEqual(trader.totals.ZAR, ["999900", "999900"]);
  const order = trader.order({ id });
  assert.ok(order.cancelledAt > 0 && order.completedAt === order.cancelledAt);
});

Deno.test("a refused order leaves no trace", () => {
  const trader = new Trader();
  const before = trader.totals;
  assert.throws(() => trader.place({ side: "SELL", price: 1, lots: 100_000 }), refusedAs("ErrInsufficientBalance"));
  assert.deepEqual(trader.totals, before);
  assert.equal(trader.orders.size, 0);
});

const levels = fc.array(fc.tuple(fc.integer({ min: 90, max: 110 }), fc.integer({ min: 1, max: 400 })), {
  maxLength: 4,
});
const book = fc.tuple(levels, levels).map(([bids, asks]) =>
  readBook(MARKET, {
    timestamp: 0,
    bids: bids.map(([price, lots]) => ({ price: `${price - 8}.3`, volume: `${lots}e-2` })).map(plain),
    asks: asks.map(([price, lots]) => ({ price: `${price + 8}.3`, volume: `${lots}e-2` })).map(plain),
  })
);
const step = fc.oneof(
  fc.record({
    kind: fc.constant("place" as const),
    book,
    order: fc.record({
      side: fc.constantFrom("BUY" as const, "SELL" as const),
      timeInForce: fc.constantFrom("GTC" as const, "IOC" as const, "FOK" as const),
      price: fc.integer({ min: 85, max: 125 }),
      lots: fc.integer({ min: 1, max: 900 }),
      stop: fc.option(
        fc.record({ price: fc.integer({ min: 85, max: 125 }), direction: fc.constantFrom("ABOVE", "BELOW") }),
      ),
    }),
  }),
  fc.record({
    kind: fc.constant("market" as const),
    book,
    side: fc.constantFrom("BUY" as const, "SELL" as const),
    amount: fc.integer({ min: 1, max: 100_000 }),
  }),
  fc.record({ kind: fc.constant("cancel" as const), place: fc.nat(20) }),
  fc.record({
    kind: fc.constant("poll" as const),
    book,
    prices: fc.array(fc.tuple(fc.integer({ min: 850, max: 1_250 }), fc.integer({ min: 1, max: 9_000 })), {
      maxLength: 3,
    }),
  }),
);

function plain({ price, volume }: { price: string; volume: string }): { price: string; volume: string } {
  return { price, volume: new Big(volume).toFixed() };
}

Deno.test("paper money changes only by fills and fees, exactly, whatever happens", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 25 }), (steps) => {
      const trader = new Trader();
      let sequence = 0;
      for (const each of steps) {
        try {
          if (each.kind === "place") {
            const { stop, ...order } = each.order;
            trader.place({ ...order, type: stop === null ? "LIMIT" : "STOP_LIMIT", stop }, each.book, sequence);
          } else if (each.kind === "market") {
            const amount = each.side === "BUY"
              ? { budget: new Big(each.amount).div(100) }
              : { lots: each.amount % 1_500 + 1 };
            trader.place({ side: each.side, type: "MARKET", timeInForce: "IOC", ...amount }, each.book);
          } else if (each.kind === "cancel") {
            const { live } = trader;
            const order = live[each.place % Math.max(1, live.length)];
            if (order !== undefined) trader.cancel(order.id);
          } else {
            const trades = each.prices.map(([price, lots]) =>
              trade(++sequence, new Big(price).div(10).toFixed(), new Big(lots).div(1_000).toFixed())
            );
            trader.meet(trades, each.book);
          }
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
        }
        assertConserved(trader);
      }
    }),
    { numRuns: 60, seed: 7 },
  );
});

Deno.test("placeOrder() refuses an order that arrives too late, and one beyond a thousand open ones", () => {
  const trader = new Trader();
  trader.systemMs = 6;
  assert.throws(() => trader.place({ price: 1, lots: 1 }), refusedAs("ErrDeadlineExceeded"));
  trader.systemMs = 5;
  for (let count = 0; count < MAX_LIVE_ORDERS; count++) trader.place({ price: 1, lots: 1 });
  assert.throws(() => trader.place({ price: 1, lots: 1 }), refusedAs("ErrOrderCanceled"));
});

/** Compares the accounts with what fills, fees and live orders say, and each ledger with its account. */
function assertConserved(trader: Trader): void {
  const expected = { XBT: new Big(OPENINGS.XBT), ZAR: new Big(OPENINGS.ZAR) };
  const reserved = { XBT: new Big(0), ZAR: new Big(0) };
  for (const { side, price, volume, feeBase, feeCounter } of trader.trades) {
    const [base, counter] = [new Big(volume).div(100), new Big(volume).times(price).div(100)];
    expected.XBT = expected.XBT.plus(side === "BUY" ? base : base.neg()).minus(feeBase);
    expected.ZAR = expected.ZAR.plus(side === "BUY" ? counter.neg() : counter).minus(feeCounter);
  }
  for (const order of trader.live) {
    const open = new Big(order.limitVolume - order.filled).div(100);
    const [currency, amount] = order.side === "BUY"
      ? ["ZAR", open.times(order.limitPrice)] as const
      : ["XBT", open] as const;
    assert.equal(order.reserved.toFixed(), amount.toFixed());
    reserved[currency] = reserved[currency].plus(amount);
  }
  for (const currency of ["XBT", "ZAR"] as const) {
    const account = trader.account(currency);
    assert.equal(account.balance, expected[currency].toFixed());
    assert.equal(account.available, expected[currency].minus(reserved[currency]).toFixed());
    assert.ok(!account.available.startsWith("-"));
    const rows = trader.rows.filter(({ accountId }) => accountId === account.id);
    assert.deepEqual(rows.map(({ index }) => index), rows.map((_, place) => place + 1));
    const sum = (name: "balanceDelta" | "availableDelta") =>
      rows.reduce((total, row) => total.plus(row[name]), new Big(0)).toFixed();
    assert.deepEqual([sum("balanceDelta"), sum("availableDelta")], [account.balance, account.available]);
  }
}
