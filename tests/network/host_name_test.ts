import assert from "node:assert/strict";
import { hostName } from "../../src/network/host_name.ts";

Deno.test("hostName() puts IPv6 addresses in brackets, once, and leaves everything else", () => {
  assert.deepEqual(["::1", "[::1]", "127.0.0.2", "luno.example"].map(hostName), [
    "[::1]",
    "[::1]",
    "127.0.0.2",
    "luno.example",
  ]);
});
