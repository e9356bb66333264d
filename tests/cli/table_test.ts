import assert from "node:assert/strict";
import { formatAnswer, formatTable } from "../../src/cli/table.ts";

/** The cells of a printed table, line by line; only its frame is left out. */
function cellsOf(table: string): string[][] {
  return table.split("\n").filter((line) => line.startsWith("│"))
    .map((line) => line.split("│").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("formatTable() shows every column that any row has, and empty cells where one lacks it", () => {
  assert.deepEqual(cellsOf(formatTable([{ pair: "XBTZAR", bid: "1.5" }, { pair: "ETHZAR", ask: "2" }])), [
    ["pair", "bid", "ask"],
    ["XBTZAR", "1.5", ""],
    ["ETHZAR", "", "2"],
  ]);
});

Deno.test("formatTable() puts numbers to the right and words to the left", () => {
  const lines = formatTable([{ price: "-100.25", pair: "AB" }, { price: "7", pair: "ABCD" }]).split("\n");
  assert.ok(lines.some((line) => line.includes("│       7 │ ABCD │")));
  assert.ok(lines.some((line) => line.includes("│ -100.25 │ AB   │")));
});

Deno.test("formatTable() keeps decimals as they were written, and shows null as nothing", () => {
  const [, row] = cellsOf(formatTable([{ a: "0.00000001", b: "100.00", c: null, d: false, e: { x: 1 } }]));
  assert.deepEqual(row, ["0.00000001", "100.00", "", "false", '{"x":1}']);
});

Deno.test("formatAnswer() lists single values first and tables below them", () => {
  const answer = formatAnswer({ rows: [{ id: "1" }], pair: "XBTZAR", price: "1.5", tags: ["a", "b"], none: [] });
  const [singles, table] = answer.split("\n\n");
  assert.equal(singles, "pair   XBTZAR\nprice  1.5\ntags   a, b\nnone   none");
  assert.match(table ?? "", /^rows\n/);
  assert.deepEqual(cellsOf(table ?? ""), [["id"], ["1"]]);
});

Deno.test("formatAnswer() shows lists of levels line by line", () => {
  assert.equal(formatAnswer({ bids: [["10", "0.5"], ["9", "1"]] }), "bids\n  10  0.5\n  9  1");
});

Deno.test("formatAnswer() shows an empty answer as nothing", () => assert.equal(formatAnswer({}), ""));
