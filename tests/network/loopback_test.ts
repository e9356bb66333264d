import assert from "node:assert/strict";
import { isLoopback } from "../../src/network/loopback.ts";

Deno.test("isLoopback() knows this machine's names and no others", () => {
  for (const host of ["localhost", "127.0.0.1", "127.255.0.9", "[::1]", "::1"]) assert.ok(isLoopback(host), host);
  for (
    const host of [
      "0.0.0.0",
      "[::]",
      "::",
      "128.0.0.1",
      "127.0.0.1.example",
      "localhost.example",
      "[::ffff:7f00:1]",
      "",
    ]
  ) {
    assert.ok(!isLoopback(host), host);
  }
});
