import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance } from "../../src/text/edit_distance.ts";

Deno.test("editDistance() counts letters added, dropped or replaced, the same in both directions", () => {
  assert.equal(editDistance("kitten", "sitting"), 3);
  const word = fc.string({ maxLength: 8 });
  fc.assert(fc.property(word, word, word, (a, b, c) => {
    assert.equal(editDistance(a, a), 0);
    assert.equal(editDistance(a, b), editDistance(b, a));
    assert.ok(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
    assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
  }));
});
