import assert from "node:assert/strict";
import { CLIENT_SETTINGS } from "../../src/config/client_settings.ts";
import { parseSettings } from "../../src/config/parse.ts";

Deno.test("client reads pairs as a list and refuses an empty one", () => {
  const pairs = (text: string) => parseSettings(CLIENT_SETTINGS, { flags: { pairs: text }, env: () => undefined });
  assert.deepEqual(pairs("XBTZAR, eth/zar,").values.pairs, ["XBTZAR", "eth/zar"]);
  for (const text of ["", " , ", "x".repeat(31)]) assert.ok(!pairs(text).ok, text);
});
