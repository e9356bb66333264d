import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSettings } from "../../src/config/parse.ts";
import { BRIDGE_SETTINGS, CLIENT_SETTINGS, decimalNumber, SocketAddress } from "../../src/config/settings.ts";
import type { Setting } from "../../src/config/settings.ts";

Deno.test("SocketAddress takes ws and wss addresses, and nothing that holds a password or is something else", () => {
  for (
    const text of ["ws://localhost:8765", "wss://server.example/ws?room=1", "WSS://Server.example", "ws://[::1]:1"]
  ) {
    assert.ok(SocketAddress.safeParse(text).success, text);
  }
  for (const text of ["", "localhost:8765", "http://localhost", "wss://user@server.example", "ws://a/#part", "ws://"]) {
    assert.equal(SocketAddress.safeParse(text).success, false, text);
  }
});

Deno.test("decimalNumber() reads exactly the plain decimals within its bounds", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 3_000 }), (hundredths) => {
    const read = decimalNumber(0.5, 20).safeParse(String(hundredths / 100));
    assert.equal(read.success, hundredths >= 50 && hundredths <= 2_000);
    if (read.success) assert.equal(read.data, hundredths / 100);
  }));
  for (const text of ["", "1e1", "-1", "+1", ".5", "1.", "1,5", "NaN", "0x1", " 1"]) {
    assert.equal(decimalNumber(0, 100).safeParse(text).success, false, text);
  }
});

for (const [command, table] of Object.entries({ client: CLIENT_SETTINGS, bridge: BRIDGE_SETTINGS })) {
  Deno.test(`the table of ${command} has readable defaults, each name once, and no flag for a secret`, () => {
    const parsed = parseSettings(table, { flags: {}, env: () => undefined });
    assert.ok(parsed.ok);
    const settings = Object.values<Setting>(table);
    const names = settings.flatMap(({ flag, env }) => [...(flag === undefined ? [] : [flag]), ...env]);
    assert.deepEqual(names, [...new Set(names)]);
    for (const { secret, flag } of settings) assert.ok(secret === undefined || flag === undefined, String(flag));
  });
}

Deno.test("client reads pairs as a list and refuses an empty one", () => {
  const pairs = (text: string) => parseSettings(CLIENT_SETTINGS, { flags: { pairs: text }, env: () => undefined });
  assert.deepEqual(pairs("XBTZAR, eth/zar,").values.pairs, ["XBTZAR", "eth/zar"]);
  for (const text of ["", " , ", "x".repeat(31)]) assert.ok(!pairs(text).ok, text);
});
