import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { positionAfter, readCursor, rowsAfter, TimePosition, writeCursor } from "../../src/tools/cursor.ts";
import type { TimedRow } from "../../src/tools/cursor.ts";
import { CursorText } from "../../src/tools/inputs.ts";
import { ArgumentError } from "../../src/tools/tool.ts";

function key(row: TimedRow): TimedRow {
  return row;
}

const QUERY = ["list_orders", "XBTZAR", null] as const;

Deno.test("readCursor() reads back what writeCursor() has written, which is safe in any URL or command line", () => {
  const schema = z.strictObject({ atMs: z.int(), after: z.string() });
  fc.assert(fc.property(fc.maxSafeInteger(), fc.string({ unit: "grapheme" }), (atMs, after) => {
    const cursor = writeCursor({ atMs, after }, QUERY);
    assert.match(cursor, /^[\w-]+$/);
    assert.deepEqual(readCursor(schema, { cursor, query: QUERY }), { atMs, after });
  }));
});

Deno.test("readCursor() refuses what it has not written, naming the argument and the remedy", () => {
  const foreign = [
    "",
    "!!!",
    "abc",
    "A".repeat(10_000),
    writeCursor({ before: 5 }, QUERY),
    writeCursor({ atMs: 5 }, QUERY),
    writeCursor({ atMs: "5", seen: [] }, QUERY),
    writeCursor({ atMs: -1, seen: [] }, QUERY),
    writeCursor({ atMs: 5, seen: [], more: 1 }, QUERY),
    writeCursor({ atMs: 5, seen: ["x".repeat(65)] }, QUERY),
    writeCursor({ atMs: 5, seen: Array(501).fill("x") }, QUERY),
  ];
  for (const cursor of foreign) {
    assert.throws(
      () => readCursor(TimePosition, { cursor, query: QUERY }),
      (error) =>
        error instanceof ArgumentError && error.field === "cursor" &&
        /start again without a cursor/.test(error.message),
    );
  }
  fc.assert(
    fc.property(
      fc.string(),
      (cursor) => assert.throws(() => readCursor(TimePosition, { cursor, query: QUERY }), ArgumentError),
    ),
  );
});

Deno.test("rowsAfter() and positionAfter() page through rows with equal times: each once, in order", () => {
  const times = fc.array(fc.nat(6), { maxLength: 60 });
  fc.assert(fc.property(times, fc.integer({ min: 1, max: 9 }), (atMs, size) => {
    const rows = atMs.toSorted((one, other) => other - one).map((at, index) => ({ id: `row${index}`, atMs: at }));
    const paged: TimedRow[] = [];
    let cursor: string | undefined;
    for (let page = rowsAfter(rows, undefined, key).slice(0, size); page.length > 0;) {
      paged.push(...page);
      const previous = cursor === undefined ? undefined : readCursor(TimePosition, { cursor, query: QUERY });
      const position = positionAfter(page, previous, key);
      assert.ok(position !== undefined);
      cursor = writeCursor(position, QUERY);
      page = rowsAfter(rows, readCursor(TimePosition, { cursor, query: QUERY }), key).slice(0, size);
    }
    assert.deepEqual(paged, rows);
  }));
});

Deno.test("positionAfter() keeps its place when a page is empty", () => {
  assert.equal(positionAfter([], undefined, key), undefined);
  assert.deepEqual(positionAfter([], { atMs: 5, seen: ["a"] }, key), { atMs: 5, seen: ["a"] });
});

Deno.test("a cursor after 500 rows of one millisecond can still be passed in and read", () => {
  const rows = Array.from({ length: 500 }, (_, index) => ({ id: String(10n ** 18n + BigInt(index)), atMs: 1.79e12 }));
  const position = positionAfter(rows, undefined, key);
  assert.ok(position !== undefined);
  assert.deepEqual(
    readCursor(TimePosition, { cursor: CursorText.parse(writeCursor(position, QUERY)), query: QUERY }),
    position,
  );
});

Deno.test("readCursor() refuses a cursor of another list, filter or period, and says so", () => {
  const position = { atMs: 5, seen: [] };
  const cursor = writeCursor(position, QUERY);
  assert.deepEqual(readCursor(TimePosition, { cursor, query: [...QUERY] }), position);
  for (const query of [["list_orders", "ETHZAR", null], ["list_transfers", "XBTZAR", null], ["list_orders"]] as const) {
    assert.throws(
      () => readCursor(TimePosition, { cursor, query }),
      (error) => error instanceof ArgumentError && /it belongs to another one: repeat that query/.test(error.message),
    );
  }
});
