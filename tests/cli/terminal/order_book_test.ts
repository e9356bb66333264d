import assert from "node:assert/strict";
import { formatOrderBook } from "../../../src/cli/terminal/order_book.ts";
import { displayWidth } from "../../../src/cli/terminal/width.ts";
import { testScreen } from "./screen.ts";

Deno.test("formatOrderBook() fits 80 columns with the longest decimals, and drops bars before levels", () => {
  const level = ["123456789.12345678", "98765.12345678"] as const;
  const book = formatOrderBook({ bids: [level, ["1", "0.00000001"]], asks: [level] }, testScreen());
  for (const line of book.split("\n")) assert.ok(displayWidth(line) <= 80, line);
  assert.match(book, /^ +█ +0\.00000001 +1 │$/m);
});

Deno.test("formatOrderBook() stacks the sides when they do not fit side by side", () => {
  const book = formatOrderBook({ bids: [["10", "1"]], asks: [["11", "2"], ["12", "3"]] }, testScreen({ columns: 24 }));
  assert.equal(book, "side  price  volume\nask      12       3\nask      11       2\nbid      10       1");
});

Deno.test("formatOrderBook() draws one-sided and empty books", () => {
  assert.equal(formatOrderBook({ bids: [], asks: [] }, testScreen({ columns: 30 })).split("\n").length, 1);
  assert.match(formatOrderBook({ bids: [], asks: [["2", "1"]] }, testScreen({ columns: 40 })), /│ +2 +1 █+$/);
});

Deno.test("formatOrderBook() shows bids green and asks red when the screen supports colour", () => {
  const book = formatOrderBook({ bids: [["1", "1"]], asks: [["2", "1"]] }, testScreen({ colour: true }));
  assert.match(book.replaceAll("\u001b", "^"), /\^\[32m +1\^\[39m │ \^\[31m +2\^\[39m/);
});
