import assert from "node:assert/strict";
import { marketOfTerms } from "../../src/paper/paper_market.ts";
import { type BookSide, readBook, TakenLiquidity } from "../../src/paper/real_book.ts";

const MARKET = marketOfTerms({
  id: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  priceScale: 0,
  volumeScale: 4,
  feeScale: 8,
  makerFee: "0",
  takerFee: "0",
});
const ASKS: BookSide = { identity: "local", market: MARKET, side: "SELL" };
const FIVE_MINUTES_MS = 300_000;

Deno.test("readBook() sums up orders of one price and sorts both sides, best price first", () => {
  const book = readBook(MARKET, {
    timestamp: 0,
    bids: [{ price: "99", volume: "1" }, { price: "100", volume: "0.5" }, { price: "100", volume: "0.25" }],
    asks: [{ price: "102", volume: "1" }, { price: "101.000", volume: "2" }],
  });
  assert.deepEqual(book.bids, [{ price: 100, volume: 7_500 }, { price: 99, volume: 10_000 }]);
  assert.deepEqual(book.asks, [{ price: 101, volume: 20_000 }, { price: 102, volume: 10_000 }]);
});

Deno.test("readBook() rounds what is finer than a tick or a lot against whoever trades with it", () => {
  const entries = [{ price: "100.5", volume: "0.00019" }];
  const book = readBook(MARKET, { timestamp: 0, bids: entries, asks: entries });
  assert.deepEqual(book, { bids: [{ price: 100, volume: 1 }], asks: [{ price: 101, volume: 1 }] });
});

Deno.test("readBook() leaves out levels of less than a lot or a tick, and counts beyond 2^53", () => {
  const entries = [
    { price: "0.4", volume: "1" },
    { price: "100", volume: "0.00009" },
    { price: "101", volume: "9007199254740993" },
  ];
  assert.deepEqual(readBook(MARKET, { timestamp: 0, bids: entries, asks: [] }).bids, []);
});

Deno.test("TakenLiquidity keeps what was taken from a level until the level is gone", () => {
  const taken = new TakenLiquidity({ monotonic: () => 0 });
  taken.take(ASKS, { price: 100, volume: 30 });
  taken.take(ASKS, { price: 100, volume: 20 });
  const left = (volume: number) => taken.remaining(ASKS, [{ price: 100, volume }, { price: 101, volume: 5 }])[0];
  assert.deepEqual(left(80), { price: 100, volume: 30 });
  assert.deepEqual(left(50), { price: 101, volume: 5 });
  assert.deepEqual(left(10), { price: 101, volume: 5 });
  assert.deepEqual(left(25), { price: 100, volume: 15 }, "what came after the level shrank is new");
  taken.remaining(ASKS, []);
  assert.deepEqual(left(25), { price: 100, volume: 25 });
});

Deno.test("TakenLiquidity remembers what lies behind the last level that is shown", () => {
  const taken = new TakenLiquidity({ monotonic: () => 0 });
  taken.take(ASKS, { price: 200, volume: 30 });
  taken.remaining(ASKS, [{ price: 100, volume: 5 }]);
  assert.deepEqual(taken.remaining(ASKS, [{ price: 200, volume: 30 }]), []);
  taken.remaining(ASKS, [{ price: 300, volume: 5 }]);
  assert.deepEqual(taken.remaining(ASKS, [{ price: 200, volume: 30 }]), [{ price: 200, volume: 30 }]);
});

Deno.test("TakenLiquidity forgets after five minutes", () => {
  let now = 0;
  const taken = new TakenLiquidity({ monotonic: () => now });
  taken.take(ASKS, { price: 100, volume: 30 });
  now = FIVE_MINUTES_MS - 1;
  assert.deepEqual(taken.remaining(ASKS, [{ price: 100, volume: 30 }]), []);
  now = FIVE_MINUTES_MS;
  assert.deepEqual(taken.remaining(ASKS, [{ price: 100, volume: 30 }]), [{ price: 100, volume: 30 }]);
});

Deno.test("TakenLiquidity.clear() forgets what one identity took, and keeps sides and identities apart", () => {
  const taken = new TakenLiquidity({ monotonic: () => 0 });
  const levels = [{ price: 100, volume: 30 }];
  const other = { ...ASKS, identity: "local 2" };
  for (const side of [ASKS, other]) taken.take(side, { price: 100, volume: 30 });
  assert.deepEqual(taken.remaining({ ...ASKS, side: "BUY" }, levels), levels);
  taken.clear("local");
  assert.deepEqual([taken.remaining(ASKS, levels), taken.remaining(other, levels)], [levels, []]);
  taken.clear();
  assert.deepEqual(taken.remaining(other, levels), levels);
});

Deno.test("TakenLiquidity remembers at most 20,000 levels, and forgets the oldest side first", () => {
  const taken = new TakenLiquidity({ monotonic: () => 0 });
  const levels = [{ price: 1, volume: 1 }];
  const side = (number: number) => ({ ...ASKS, identity: `key:${number}` });
  for (let number = 0; number <= 20_000; number++) taken.take(side(number), { price: 1, volume: 1 });
  assert.deepEqual([taken.remaining(side(0), levels), taken.remaining(side(1), levels)], [levels, []]);
});
