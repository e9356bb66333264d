import assert from "node:assert/strict";
import { marketOfTerms } from "../../../src/simulation/paper/paper_market.ts";
import { readBook } from "../../../src/simulation/paper/real_book.ts";

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

Deno.test("readBook() aggregates orders of one price and sorts both sides, best price first", () => {
  const book = readBook(MARKET, {
    timestamp: 0,
    bids: [{ price: "99", volume: "1" }, { price: "100", volume: "0.5" }, { price: "100", volume: "0.25" }],
    asks: [{ price: "102", volume: "1" }, { price: "101.000", volume: "2" }],
  });
  assert.deepEqual(book.bids, [{ price: 100, volume: 7_500 }, { price: 99, volume: 10_000 }]);
  assert.deepEqual(book.asks, [{ price: 101, volume: 20_000 }, { price: 102, volume: 10_000 }]);
});

Deno.test("readBook() rounds what is finer than a tick or a lot against the taker", () => {
  const entries = [{ price: "100.5", volume: "0.00019" }];
  const book = readBook(MARKET, { timestamp: 0, bids: entries, asks: entries });
  assert.deepEqual(book, { bids: [{ price: 100, volume: 1 }], asks: [{ price: 101, volume: 1 }] });
});

Deno.test("readBook() drops levels of less than a lot or a tick, and counts beyond 2^53", () => {
  const entries = [
    { price: "0.4", volume: "1" },
    { price: "100", volume: "0.00009" },
    { price: "101", volume: "9007199254740993" },
  ];
  assert.deepEqual(readBook(MARKET, { timestamp: 0, bids: entries, asks: [] }).bids, []);
});
