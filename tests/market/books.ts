/** Books and amounts for properties. */

import Big from "big.js";
import fc from "fast-check";
import type { Book } from "../../src/market/book_walk.ts";

/** Levels from the middle outwards; prices and volumes of two and four decimals. */
export const books: fc.Arbitrary<Book> = fc.record({
  middle: fc.integer({ min: 100_000, max: 1_000_000 }),
  asks: fc.array(fc.tuple(fc.nat(500), fc.nat(30_000)), { maxLength: 12 }),
  bids: fc.array(fc.tuple(fc.nat(500), fc.nat(30_000)), { maxLength: 12 }),
}).map(({ middle, asks, bids }) => {
  const side = (steps: readonly (readonly [number, number])[], sign: 1 | -1) => {
    let price = middle;
    return steps.map(([step, volume]) => {
      price += sign * step;
      return { price: new Big(price).times("0.01").toFixed(), volume: new Big(volume).times("0.0001").toFixed() };
    });
  };
  return { asks: side(asks, 1), bids: side(bids, -1) };
});

/** From 0.0001 to 10. */
export const amount = fc.integer({ min: 1, max: 100_000 }).map((units) => new Big(units).times("0.0001"));
