import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance } from "../../src/text/edit_distance.ts";
import { nearestWord } from "../../src/text/nearest_word.ts";

Deno.test("nearestWord() finds what was mistyped, in any case, and nothing where no word is near", () => {
  const words = ["ACTIVE", "POST_ONLY", "SUSPENDED"];
  assert.equal(nearestWord("activ", words), "ACTIVE");
  assert.equal(nearestWord("post-only", words), "POST_ONLY");
  assert.equal(nearestWord("closed", words), undefined);
  for (const nothingInCommon of [" ", "60", ""]) assert.equal(nearestWord(nothingInCommon, ["1m", "5m"]), undefined);
});

Deno.test("nearestWord() compares only words that can be near: a text as large as a message is none", () => {
  let read = 0;
  const known = {
    length: 6,
    toLowerCase: () => {
      read++;
      return "active";
    },
  } as unknown as string;
  assert.equal(nearestWord("A".repeat(900_000), [known]), undefined);
  assert.equal(read, 0);
  assert.equal(nearestWord("activ", [known]), known);
});

Deno.test("nearestWord() leaves out no word that is near", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(fc.property(word, fc.array(word, { maxLength: 4 }), (written, known) => {
    const far = (each: string) => editDistance(written.toLowerCase(), each.toLowerCase());
    const isNear = known.some((each) =>
      far(each) <= Math.max(2, written.length / 3) && far(each) < Math.max(written.length, each.length)
    );
    assert.equal(nearestWord(written, known) !== undefined, isNear);
  }));
});
