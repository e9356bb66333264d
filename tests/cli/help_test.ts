import assert from "node:assert/strict";
import { COMMANDS } from "../../src/cli/commands.ts";
import { commandHelp, helpWidth, programHelp } from "../../src/cli/help.ts";
import type { CommandName } from "../../src/config/command_settings.ts";

const names = Object.keys(COMMANDS) as CommandName[];
const words = (text: string) => text.split(/\s+/).join("");

for (const width of [40, 60, 80]) {
  Deno.test(`help fits ${width} columns, with the same words`, () => {
    for (
      const [text, whole] of [
        [programHelp(width), programHelp()],
        ...names.map((name) => [commandHelp(name, width), commandHelp(name)]),
      ]
    ) {
      assert.ok(text !== undefined && whole !== undefined);
      assert.deepEqual(text.split("\n").filter((line) => line.length > width), []);
      assert.equal(words(text), words(whole));
    }
  });
}

Deno.test("helpWidth() is the terminal's within 40 and 80 columns, and 80 without one", () => {
  assert.deepEqual([undefined, 20, 60, 200].map((columns) => helpWidth(columns)), [80, 40, 60, 80]);
});
