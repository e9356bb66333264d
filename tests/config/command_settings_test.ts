import assert from "node:assert/strict";
import { COMMAND_SETTINGS } from "../../src/config/command_settings.ts";
import { parseSettings } from "../../src/config/parse.ts";

Deno.test("client reads pairs as a list and refuses an empty one", () => {
  const pairs = (text: string) =>
    parseSettings(COMMAND_SETTINGS.client, { flags: { pairs: text }, env: () => undefined });
  assert.deepEqual(pairs("XBTZAR, eth/zar,").values.pairs, ["XBTZAR", "eth/zar"]);
  for (const text of ["", " , ", "x".repeat(31)]) assert.ok(!pairs(text).ok, text);
});
