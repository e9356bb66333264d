import assert from "node:assert/strict";
import { listWords } from "../../src/text/list_words.ts";

Deno.test("listWords() joins words with commas, and the last two with a word", () => {
  assert.equal(listWords([]), "");
  assert.equal(listWords(["a"]), "a");
  assert.equal(listWords(["a", "b"]), "a or b");
  assert.equal(listWords(["a", "b", "c"], "and"), "a, b and c");
});
