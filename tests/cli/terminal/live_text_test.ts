import assert from "node:assert/strict";
import { LiveText, printable } from "../../../src/cli/terminal/live_text.ts";
import { TestOutput } from "../world.ts";

Deno.test("printable() keeps lines and every visible character, and no control characters", () => {
  assert.equal(printable("R 1 234,50 │ été 😀\nnext"), "R 1 234,50 │ été 😀\nnext");
  for (const character of ["\u001b", "\r", "\b", "\u009b", "\u202e", "\u2028", "\u200b"]) {
    assert.equal(printable(`a${character}b`), "a\u{fffd}b", JSON.stringify(character));
  }
});

Deno.test("LiveText.draw() replaces the previous version in place", async () => {
  const output = new TestOutput(true);
  const live = new LiveText(output);
  await live.draw("one\ntwo");
  await live.draw("three");
  await live.draw("four");
  assert.equal(output.text, "one\ntwo\n\r\u001b[2A\u001b[0Jthree\n\r\u001b[1A\u001b[0Jfour\n");
});

Deno.test("LiveText.clear() removes what was drawn, and writes nothing when nothing was drawn", async () => {
  const output = new TestOutput(true);
  const live = new LiveText(output);
  await live.clear();
  assert.equal(output.text, "");
  await live.draw("one\ntwo");
  await live.clear();
  assert.equal(output.text, "one\ntwo\n\r\u001b[2A\u001b[0J");
});
