import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import { type BookFill, isWorse, midOf, walkBook } from "../../src/market/book_walk.ts";
import { BOOK } from "../trading/xbtzar.ts";
import { amount, books } from "./books.ts";

const walks = fc.record({
  side: fc.constantFrom("BUY" as const, "SELL" as const),
  limit: fc.option(fc.integer({ min: 90_000, max: 1_010_000 }).map((cents) => new Big(cents).times("0.01")), {
    nil: undefined,
  }),
  isByCounter: fc.boolean(),
  amount,
});

/** Whether the money left would pay for one more step of volume at the last price. */
function hasRoom(fills: readonly BookFill[], left: Big): boolean {
  const last = fills.at(-1)?.price;
  return last === undefined || left.gte(last.times("0.0001"));
}

Deno.test("walkBook() does not fall through to a worse price when the rest is too small for the better one", () => {
  const bids = [{ price: "100", volume: "10" }, { price: "10", volume: "10" }];
  const walked = walkBook({ asks: [], bids }, { side: "SELL", counterVolume: new Big(250), volumeScale: 0 });
  assert.deepEqual([walked.base.toFixed(), walked.counter.toFixed(), walked.isShort], ["2", "200", false]);
});

Deno.test("walkBook() takes the best prices first, never more than requested or available, exactly", () => {
  fc.assert(
    fc.property(books, walks, (book, { side, limit, isByCounter, amount }) => {
      const wanted = isByCounter ? { counterVolume: amount.times(1_000) } : { volume: amount };
      const { fills, base, counter, isShort } = walkBook(book, { side, limit, ...wanted, volumeScale: 4 });
      const levels = side === "BUY" ? book.asks : book.bids;
      const reachable = levels.filter(({ price }) => limit === undefined || !isWorse(side, new Big(price), limit));
      const sum = (amounts: readonly Big[]) => amounts.reduce((total, each) => total.plus(each), new Big(0));
      assert.ok(base.eq(sum(fills.map(({ volume }) => volume))));
      assert.ok(counter.eq(sum(fills.map(({ price, volume }) => price.times(volume)))));
      assert.ok(isByCounter ? counter.lte(amount.times(1_000)) : base.lte(amount));
      assert.ok(base.lte(sum(reachable.map(({ volume }) => new Big(volume)))));
      assert.ok(fills.every(({ volume }) => volume.gt(0) && volume.round(4).eq(volume)));
      const [first, last] = [fills.at(0)?.price, fills.at(-1)?.price];
      if (first !== undefined && last !== undefined) {
        const [low, high] = side === "BUY" ? [first, last] : [last, first];
        assert.ok(counter.gte(low.times(base)) && counter.lte(high.times(base)));
        assert.ok(limit === undefined || !isWorse(side, last, limit));
      }
      if (!isByCounter) assert.equal(isShort, base.lt(amount));
      const more = walkBook(book, { side, limit, volume: base.plus("0.0001"), volumeScale: 4 });
      if (isByCounter) assert.equal(isShort, more.isShort && hasRoom(fills, amount.times(1_000).minus(counter)));
      if (isByCounter && !isShort && !more.isShort) assert.ok(more.counter.gt(amount.times(1_000)));
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("midOf() is undefined when a side of the book is empty", () => {
  assert.equal(midOf(BOOK)?.toFixed(), "1000000");
  assert.equal(midOf({ ...BOOK, asks: [] }), null);
  assert.equal(midOf({ ...BOOK, bids: [] }), null);
});
