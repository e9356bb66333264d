import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import type { BookLevel } from "../../../src/market/book_walk.ts";
import { estimateOrder } from "../../../src/trading/orders/estimate.ts";
import {
  MARKET_WARNING_CODES,
  type MarketView,
  marketWarnings,
  tradableBook,
} from "../../../src/trading/orders/market_warnings.ts";
import type { Order } from "../../../src/trading/orders/order.ts";
import type { Json } from "../../support/exchange.ts";
import { BrokerWorld, FILL, policyFileOf, REST } from "../broker_world.ts";
import { BOOK, FEES, XBTZAR } from "../xbtzar.ts";

const NOW = Date.UTC(2026, 10, 22);
const MINUTE_MS = 60_000;
const BUY: Order = {
  pair: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  side: "BUY",
  type: "limit",
  volume: "0.1",
  price: "1001000",
  timeInForce: "GTC",
};
const SELL: Order = { ...BUY, side: "SELL", price: "999000" };
const MARKET: Order = {
  pair: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  side: "BUY",
  type: "market",
  counterVolume: "1000",
};

function warnings(order: Order, view: Partial<MarketView> = {}) {
  const whole = { market: XBTZAR, book: BOOK, bookAt: NOW, now: NOW, fees: FEES, ...view };
  const estimate = estimateOrder(order, { ...whole, book: tradableBook(whole.book), funds: null, ownOrders: [] });
  return marketWarnings(order, estimate, whole);
}

function codes(order: Order, view: Partial<MarketView> = {}): string[] {
  return warnings(order, view).map(({ code }) => code);
}

Deno.test("marketWarnings() is empty for an ordinary market", () => {
  for (const order of [BUY, SELL, MARKET]) assert.deepEqual(codes(order), []);
  assert.deepEqual(codes(BUY, { bookAt: NOW - 5 * MINUTE_MS }), [], "a quiet book is dated every five minutes");
  assert.deepEqual(codes(BUY, { bookAt: NOW + 2_000 }), [], "clocks differ a little");
});

Deno.test("marketWarnings() warns of a book that is old or dated in the future, and says by how much", () => {
  const old = warnings(BUY, { bookAt: NOW - 61 * MINUTE_MS });
  assert.deepEqual(old.map(({ code }) => code), ["BOOK_STALE"]);
  assert.match(old[0]?.message ?? "", /is 61 minutes old/);
  assert.match(warnings(BUY, { bookAt: 0 })[0]?.message ?? "", /is \d+ hours old/);
  assert.deepEqual(codes(BUY, { bookAt: NOW + 2 * MINUTE_MS }), ["BOOK_DATED_AHEAD"]);
});

Deno.test("marketWarnings() warns of a crossed or a locked book, in any order of levels", () => {
  const crossed = { asks: BOOK.asks, bids: [...BOOK.bids, { price: "1001500", volume: "1" }] };
  assert.deepEqual(codes(BUY, { book: crossed }), ["BOOK_UNSORTED", "BOOK_CROSSED"]);
  assert.deepEqual(codes(BUY, { book: { ...crossed, bids: crossed.bids.toReversed() } }), [
    "BOOK_UNSORTED",
    "BOOK_CROSSED",
  ]);
  const locked = { asks: BOOK.asks, bids: [{ price: "1001000", volume: "1" }, ...BOOK.bids] };
  assert.deepEqual(codes(SELL, { book: locked }), ["BOOK_CROSSED"]);
});

Deno.test("marketWarnings() warns of a side that is not sorted by price, but not of orders of one price", () => {
  assert.deepEqual(codes(BUY, { book: { ...BOOK, asks: BOOK.asks.toReversed() } }), ["BOOK_UNSORTED"]);
  assert.deepEqual(codes(BUY, { book: { ...BOOK, bids: BOOK.bids.toReversed() } }), ["BOOK_UNSORTED"]);
  const single = { ...BOOK, asks: [{ price: "1001000", volume: "0.05" }, ...BOOK.asks] };
  assert.deepEqual(codes(BUY, { book: single }), []);
});

Deno.test("marketWarnings() warns of levels without a price or a volume, and the estimate ignores them", () => {
  for (
    const level of [{ price: "0", volume: "1" }, { price: "1000500", volume: "-4" }, { price: "1000500", volume: "0" }]
  ) {
    const book = { ...BOOK, asks: [level, ...BOOK.asks] };
    assert.deepEqual(codes(BUY, { book }), ["BOOK_INVALID"], JSON.stringify(level));
    assert.deepEqual(tradableBook(book), BOOK);
  }
});

Deno.test("marketWarnings() warns of a side that is empty or consists of a few small orders", () => {
  assert.deepEqual(codes(BUY, { book: { ...BOOK, bids: [] } }), ["BOOK_SIDE_EMPTY"]);
  assert.deepEqual(codes(SELL, { book: { asks: [], bids: [] } }), ["BOOK_SIDE_EMPTY", "BOOK_SIDE_EMPTY"]);
  assert.deepEqual(codes(BUY, { book: { ...BOOK, bids: BOOK.bids.slice(0, 2) } }), ["BOOK_THIN"]);
  const tiny = BOOK.asks.map(({ price }) => ({ price, volume: "0.0016" }));
  assert.deepEqual(codes(SELL, { book: { ...BOOK, asks: tiny } }), ["BOOK_THIN"]);
});

Deno.test("marketWarnings() warns of prices far apart, and of fills far from the mid", () => {
  const [best, ...others] = BOOK.asks.map(({ price, volume }) => ({ price: `${Number(price) + 120_000}`, volume }));
  assert.ok(best !== undefined);
  assert.deepEqual(codes(BUY, { book: { ...BOOK, asks: [best, ...others] } }), ["SPREAD_WIDE"]);
  const order = { ...BUY, price: best.price };
  assert.deepEqual(codes(order, { book: { ...BOOK, asks: [best, ...others] } }), ["SPREAD_WIDE", "SLIPPAGE_HIGH"]);
});

Deno.test("marketWarnings() warns of implausible fees, on the order's side only", () => {
  assert.deepEqual(codes(BUY, { fees: { ...FEES, taker_fee_buy: "10" } }), ["FEE_IMPLAUSIBLE"]);
  assert.deepEqual(codes(BUY, { fees: { ...FEES, taker_fee_buy: "-0.0001" } }), ["FEE_IMPLAUSIBLE"]);
  assert.deepEqual(codes(BUY, { fees: { ...FEES, maker_fee_buy: "-0.01" } }), ["FEE_IMPLAUSIBLE"]);
  assert.deepEqual(codes(SELL, { fees: { ...FEES, maker_fee_sell: "0.3", taker_fee_sell: "0.3" } }), [
    "FEE_IMPLAUSIBLE",
    "FEE_IMPLAUSIBLE",
  ]);
  assert.deepEqual(codes(SELL, { fees: { ...FEES, taker_fee_buy: "10", maker_fee_sell: "-0.0001" } }), []);
  assert.match(warnings(BUY, { fees: { ...FEES, taker_fee_buy: "10" } })[0]?.message ?? "", /the taker fee is 1000 %/);
});

const level: fc.Arbitrary<BookLevel> = fc.record({
  price: fc.integer({ min: -5, max: 300 }).map(String),
  volume: fc.integer({ min: -5, max: 300 }).map((lots) => new Big(lots).div(10).toFixed()),
});

Deno.test("tradableBook() contains every level that can be traded with, best price first, and is idempotent", () => {
  fc.assert(
    fc.property(fc.array(level), fc.array(level), (asks, bids) => {
      const read = tradableBook({ asks, bids });
      const can = (levels: readonly BookLevel[]) =>
        levels.filter(({ price, volume }) => +price > 0 && +volume > 0).length;
      assert.deepEqual([read.asks.length, read.bids.length], [can(asks), can(bids)]);
      const prices = read.asks.map(({ price }) => Number(price));
      assert.deepEqual(prices, prices.toSorted((a, b) => a - b));
      assert.deepEqual(tradableBook(read), read);
    }),
  );
});

type Change = (answer: Json) => unknown;

/** What the exchange says that cannot be right, by path. */
const LIES: Readonly<Record<string, Readonly<Record<string, Change>>>> = {
  BOOK_STALE: { "/api/1/orderbook_top": ({ timestamp, ...book }) => ({ ...book, timestamp: timestamp - 3_600_000 }) },
  BOOK_CROSSED: {
    "/api/1/orderbook_top": ({ bids, ...book }) => ({ ...book, bids: [{ price: "1170000", volume: "1" }, ...bids] }),
  },
  BOOK_UNSORTED: { "/api/1/orderbook_top": ({ asks, ...book }) => ({ ...book, asks: asks.toReversed() }) },
  FEE_IMPLAUSIBLE: { "/api/1/fee_info": (fees) => ({ ...fees, taker_fee: "10", taker_fee_buy: "10" }) },
};

function tell(world: BrokerWorld, changes: Readonly<Record<string, Change>> = {}): void {
  world.exchange.fault = ({ path }) => {
    const change = changes[path];
    return change && { kind: "changed", change };
  };
}

for (const [code, changes] of Object.entries(LIES)) {
  Deno.test(`place_order places nothing with the warning ${code}, unless the policy allows it`, async () => {
    await using world = await BrokerWorld.start();
    tell(world, changes);
    const preview = await world.answer("preview_order", FILL);
    assert.equal(preview.placeable, false);
    assert.ok(preview.warnings.some((warning: Json) => warning.code === code), JSON.stringify(preview.warnings));
    assert.deepEqual(preview.policy.problems.map((problem: Json) => problem.code), ["ERR_POLICY_WARNING"]);
    const refused = await world.refusal("place_order", FILL);
    assert.equal(refused.code, "ERR_POLICY_WARNING");
    assert.match(refused.message, new RegExp(`the warning ${code} \\(`));
    assert.deepEqual(world.sent, []);
    world.policies.replace(policyFileOf({ default: { allow_warnings: [code] } }));
    const allowed = await world.answer("place_order", FILL);
    assert.equal(allowed.status, "placed", JSON.stringify(allowed));
  });
}

/** The rows of lists that cannot be read, by path and list. */
function spoil(world: BrokerWorld, path: string, list: string, isSpoilt: (row: Json) => boolean): void {
  const change: Change = (answer) => ({
    ...answer,
    [list]: answer[list].map((row: Json) => isSpoilt(row) ? { odd: true } : row),
  });
  tell(world, { [path]: change });
}

Deno.test("preview_order says that the balance is unknown when the account cannot be read, not that it is too small", async () => {
  await using world = await BrokerWorld.start();
  spoil(world, "/api/1/balance", "balance", ({ asset }) => asset === "ZAR");
  const preview = await world.answer("preview_order", FILL);
  assert.deepEqual(preview.problems, []);
  assert.ok(preview.warnings.some(({ code }: Json) => code === "BALANCE_UNKNOWN"), JSON.stringify(preview.warnings));
});

Deno.test("preview_order says that own orders cannot be read, with which it may trade", async () => {
  await using world = await BrokerWorld.start();
  await world.answer("place_order", REST);
  spoil(world, "/api/exchange/2/listorders", "orders", () => true);
  const preview = await world.answer("preview_order", FILL);
  const warning = preview.warnings.find(({ code }: Json) => code === "OWN_ORDERS_UNKNOWN");
  assert.match(warning?.message ?? "", / \d of them cannot be read$/);
});

Deno.test("preview_order counts a triggered own stop-limit order as on the book, and an untriggered one not", async () => {
  await using world = await BrokerWorld.start();
  await world.answer("place_order", REST);
  const preview = async (status: string): Promise<string[]> => {
    tell(world, {
      "/api/exchange/2/listorders": ({ orders }) => ({
        orders: orders.map((order: Json) => ({ ...order, type: "STOP_LIMIT", status, limit_price: "1300000" })),
      }),
    });
    const sell = { ...REST, side: "SELL", price: "1050000" };
    return (await world.answer("preview_order", sell)).problems.map(({ code }: Json) => code);
  };
  assert.deepEqual(await preview("AWAITING"), []);
  assert.deepEqual(await preview("PENDING"), ["ERR_SELF_CROSSING"]);
});

Deno.test("replace_order cancels nothing while the market is implausible", async () => {
  await using world = await BrokerWorld.start();
  const { order_id } = await world.answer("place_order", REST);
  tell(world, LIES["BOOK_STALE"]);
  const sent = world.sent.length;
  const refused = await world.refusal("replace_order", { order_id, volume: "0.0005" });
  assert.equal(refused.code, "ERR_POLICY_WARNING");
  assert.equal(world.sent.length, sent);
  const cancelled = await world.answer("cancel_order", { order_id });
  assert.equal(cancelled.status, "cancelled");
});

Deno.test("docs/trading.md explains every warning of a market", async () => {
  const text = await Deno.readTextFile(new URL("../../../docs/trading.md", import.meta.url));
  for (const code of MARKET_WARNING_CODES) assert.ok(text.includes(`| \`${code}\``), code);
});
