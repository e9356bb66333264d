import assert from "node:assert/strict";
import { peerOf } from "../../../src/transport/listeners/peer.ts";

const addresses: Record<string, string> = {
  "192.0.2.1": "192.0.2.1",
  "::ffff:192.0.2.1": "192.0.2.1",
  "::FFFF:192.0.2.1": "192.0.2.1",
  "2001:db8::1": "2001:db8::1",
  "fe80::1%eth0": "fe80::1",
  "::1": "::1",
};

Deno.test("peerOf() gives an address one form, whatever form the socket uses", () => {
  for (const [given, expected] of Object.entries(addresses)) {
    assert.deepEqual(peerOf(given, 7), { address: expected, port: 7 });
  }
});
