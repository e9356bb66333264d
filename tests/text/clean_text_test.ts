import assert from "node:assert/strict";
import fc from "fast-check";
import { cleanText } from "../../src/text/clean_text.ts";
import { anyCharacter } from "../support/any_character.ts";

Deno.test("cleanText() removes what could control a terminal or mislead a reader", () => {
  assert.equal(cleanText("a\u001b[31m\r\n\tb\u0000\u202Ec\u2028d\uFEFF"), "a [31m b c d");
});

Deno.test("cleanText() keeps at most 300 whole characters and no control character", () => {
  fc.assert(fc.property(fc.string({ unit: anyCharacter, maxLength: 700 }), (text) => {
    const clean = cleanText(text);
    assert.ok(Array.from(clean).length <= 300);
    assert.doesNotMatch(clean, /[\p{C}\p{Zl}\p{Zp}]/u);
    assert.ok(clean.isWellFormed());
  }));
});
