import assert from "node:assert/strict";
import { formatTable } from "../../../src/cli/terminal/table.ts";
import { displayWidth } from "../../../src/cli/terminal/width.ts";
import { testScreen } from "./screen.ts";

Deno.test("formatTable() shows every column that any row has under its heading, and nothing where a row lacks it", () => {
  assert.equal(
    formatTable([{ pair: "XBTZAR", bid: "1.5" }, { pair: "ETHZAR", ask: "2" }], testScreen()),
    ["pair    bid  ask", "XBTZAR  1.5", "ETHZAR         2"].join("\n"),
  );
});

Deno.test("formatTable() aligns numbers right and words left", () => {
  const table = formatTable([{ price: "-100.25", pair: "AB" }, { price: "7", pair: "ABCD" }], testScreen());
  assert.equal(table, ["  price  pair", "-100.25  AB", "      7  ABCD"].join("\n"));
});

Deno.test("formatTable() keeps decimals as they were written, and shows null as nothing", () => {
  const row = { a: "0.00000001", b: "100.00", c: null, d: false, e: { x: 1 } };
  assert.match(formatTable([row], testScreen()), /\n0\.00000001 {2}100\.00 {5}false {2}\{"x":1\}$/);
});

Deno.test("formatTable() wraps the widest text before it omits a column", () => {
  const rows = [{ name: "one", title: "a title of many words that does not fit", scope: "market:read" }];
  const table = formatTable(rows, testScreen({ columns: 45 }));
  assert.equal(
    table,
    [
      "name  title                       scope",
      "one   a title of many words that  market:read",
      "      does not fit",
    ].join("\n"),
  );
});

const WIDE_ROW = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`column_${index}`, `value${index}`]));

Deno.test("formatTable() omits empty columns first, then expendable ones, then the last, and names all but the empty ones", () => {
  const table = formatTable([{ first: "1", empty: null, ...WIDE_ROW }], testScreen({ columns: 50 }), {
    expendable: ["column_0"],
  });
  const [heads, , ...note] = table.split("\n");
  assert.equal(heads, "first  column_1  column_2  column_3  column_4");
  assert.match(note.join(" "), /^not shown: column_0, column_5, .*column_19 \(--wide shows all\)$/);
  assert.doesNotMatch(table, /empty/);
});

Deno.test("formatTable() with --wide shows every column", () => {
  const table = formatTable([WIDE_ROW], testScreen({ columns: Infinity }));
  assert.match(table, /column_19\nvalue0 .*value19$/);
});

Deno.test("formatTable() fits the screen, for any rows", () => {
  const texts = ["x".repeat(300), "many words ".repeat(30).trim(), "漢字".repeat(60), "🙂".repeat(90), ""];
  for (const columns of [20, 40, 80, 120]) {
    for (const one of texts) {
      for (const other of texts) {
        const table = formatTable([{ one, other, third: "3" }, WIDE_ROW], testScreen({ columns }));
        for (const line of table.split("\n")) assert.ok(displayWidth(line) <= columns, `${columns}: ${line}`);
      }
    }
  }
});

Deno.test("formatTable() emphasizes headings when the screen supports it, and passes no control characters of a cell", () => {
  const table = formatTable([{ name: "a\u001b[2Jb\nc" }], testScreen({ colour: true }));
  assert.equal(table, "\u001b[1mname\u001b[22m\na\u{fffd}[2Jb c");
});
