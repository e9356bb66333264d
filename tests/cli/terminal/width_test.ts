import assert from "node:assert/strict";
import fc from "fast-check";
import { displayWidth, pad, truncate, wrap, wrapText } from "../../../src/cli/terminal/width.ts";

Deno.test("displayWidth() counts wide characters twice and combining marks not at all", () => {
  for (const [text, width] of [["abc", 3], ["漢字", 4], ["e\u0301", 1], ["🙂", 2], ["█│", 2], ["", 0]] as const) {
    assert.equal(displayWidth(text), width, text);
  }
});

Deno.test("pad() fills on either side", () => {
  assert.deepEqual([pad("字", 4), pad("1", 3, "left"), pad("abc", 2)], ["字  ", "  1", "abc"]);
});

Deno.test("truncate() cuts to the width and marks the cut", () => {
  assert.deepEqual([truncate("abcdef", 4), truncate("abcd", 4), truncate("漢字漢", 4)], ["abc…", "abcd", "漢…"]);
});

Deno.test("wrap() breaks at spaces, within a word only if it is too long, and loses no word", () => {
  assert.deepEqual(wrap("one two three", 7), ["one two", "three"]);
  assert.deepEqual(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), fc.integer({ min: 2, max: 30 }), (raw, width) => {
      const text = raw.replaceAll(/[\p{C}\s]/gu, "x");
      const lines = wrap(text, width);
      assert.equal(lines.join(""), text);
      for (const line of lines) assert.ok(displayWidth(line) <= width);
    }),
  );
});

Deno.test("wrapText() keeps the indentation of lines, and indents continuation lines further", () => {
  assert.equal(
    wrapText("short\n  a line that is long", { width: 12, indent: 2 }),
    "short\n  a line\n    that is\n    long",
  );
});
