import assert from "node:assert/strict";
import { bookLeft } from "../../../src/simulation/paper/book_left.ts";
import { TakenLiquidity } from "../../../src/simulation/paper/taken_liquidity.ts";

const SCALES = { priceScale: 0, volumeScale: 4 };
const ODD = {
  timestamp: 1,
  left_out: 2,
  was_unsorted: true,
  bids: [{ price: "99", volume: "0" }, { price: "-1", volume: "1" }],
};

function taken(price: number, lots: number): TakenLiquidity {
  const liquidity = new TakenLiquidity([], 0);
  liquidity.take("SELL", { price, volume: lots });
  return liquidity;
}

Deno.test("bookLeft() takes lots from the orders of one price in turn, and leaves no less than a lot", () => {
  const asks = [{ price: "100", volume: "0.5" }, { price: "100.0", volume: "0.25004" }, { price: "101", volume: "1" }];
  const left = (lots: number) => bookLeft(SCALES, { ...ODD, asks }, taken(100, lots)).asks;
  assert.deepEqual(left(6_000), [{ price: "100.0", volume: "0.15004" }, { price: "101", volume: "1" }]);
  assert.deepEqual(left(7_500), [{ price: "101", volume: "1" }]);
});

Deno.test("bookLeft() leaves inconsistencies of a book unchanged, and forgets what its levels show to be gone", () => {
  const asks = [{ price: "102", volume: "-1" }, { price: "101", volume: "0.0001" }];
  const { asks: left, ...others } = bookLeft(SCALES, { ...ODD, asks }, taken(101, 5_000));
  assert.deepEqual(others, ODD);
  assert.deepEqual(left, [{ price: "102", volume: "-1" }]);
  assert.deepEqual(bookLeft(SCALES, { ...ODD, asks }, taken(100, 5_000)).asks, asks);
});
