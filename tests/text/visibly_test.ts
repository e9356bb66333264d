import assert from "node:assert/strict";
import fc from "fast-check";
import { visibly } from "../../src/text/visibly.ts";
import { anyCharacter } from "../support/any_character.ts";

Deno.test("visibly() writes invisible characters as their codes, and leaves letters of every script", () => {
  assert.equal(visibly("0.001\u200b"), "0.001\\u200b");
  assert.equal(visibly("1\u00a0000\u202e\ufeff\u3164\ud800"), "1\\u00a0000\\u202e\\ufeff\\u3164\\ud800");
  assert.equal(visibly("\u{e0041}"), "\\udb40\\udc41");
  assert.equal(visibly('"é ХBT ７ 🙂"'), '"é ХBT ７ 🙂"');
});

Deno.test("visibly() of a text in JSON is the same text in JSON", () => {
  fc.assert(fc.property(fc.string({ unit: anyCharacter, maxLength: 50 }), (text) => {
    assert.equal(JSON.parse(visibly(JSON.stringify(text))), text);
  }));
});
