import assert from "node:assert/strict";
import fc from "fast-check";
import { allowSockets } from "../../../src/transport/listeners/file_descriptors.ts";

/** Something to open that there are only so many of. */
function scarce(limit: number) {
  let open = 0;
  return {
    left: () => open,
    open(): Disposable {
      if (open >= limit) throw new Error("Too many open files");
      open++;
      return { [Symbol.dispose]: () => open-- };
    },
  };
}

Deno.test("allowSockets() allows the requested number when there are descriptors for it", () => {
  assert.deepEqual(allowSockets(50, scarce(10_000).open), { connections: 50, sockets: 114 });
  assert.deepEqual(allowSockets(50), { connections: 50, sockets: 114 });
});

Deno.test("allowSockets() stays below what can be opened, leaves at least one connection, and closes what it opened", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 20, max: 600 }), (wanted, limit) => {
    const files = scarce(limit);
    const { connections, sockets } = allowSockets(wanted, files.open);
    assert.ok(connections >= 1 && connections <= wanted && sockets > connections);
    assert.ok(sockets <= limit - 16 + 1);
    assert.equal(files.left(), 0);
  }));
});
