import assert from "node:assert/strict";
import { UnknownConnections } from "../../src/session/unknown_connections.ts";

const PROXY = "10.0.0.1";

function setup() {
  const clock = { now: 0 };
  const closed: number[] = [];
  const unknown = new UnknownConnections({ isProxy: (address) => address === PROXY, now: () => clock.now });
  const add = (address: string, port: number) => unknown.add({ address, port }, () => closed.push(port));
  const fill = (address: string, from = 1) => {
    for (let port = from; port < from + 32; port++) assert.ok(add(address, port));
  };
  return { clock, closed, unknown, add, fill };
}

Deno.test("UnknownConnections closes the oldest idle one of an address for a new one, beyond 32", () => {
  const { closed, unknown, add, fill } = setup();
  fill("192.0.2.1");
  unknown.begin({ address: "192.0.2.1", port: 1 });
  fill("192.0.2.2", 101);
  assert.ok(add("192.0.2.1", 33));
  assert.deepEqual(closed, [2]);
  unknown.answered({ address: "192.0.2.1", port: 1 });
  assert.ok(add("192.0.2.1", 34));
  assert.deepEqual(closed, [2, 1]);
});

Deno.test("UnknownConnections refuses a new one when all 32 of its address are being answered", () => {
  const { closed, unknown, add, fill } = setup();
  fill("192.0.2.1");
  for (let port = 1; port <= 32; port++) unknown.begin({ address: "192.0.2.1", port });
  assert.equal(add("192.0.2.1", 33), false);
  assert.ok(add("192.0.2.2", 33));
  assert.deepEqual(closed, []);
});

Deno.test("UnknownConnections counts an IPv6 network of 64 bits as one address", () => {
  const { closed, add } = setup();
  for (let port = 1; port <= 33; port++) assert.ok(add(`2001:db8:1:2::${port.toString(16)}`, port));
  assert.ok(add("2001:db8:1:3::1", 34));
  assert.deepEqual(closed, [1]);
});

Deno.test("UnknownConnections forgets authenticated ones, and lets local clients all start at once", () => {
  const { clock, closed, unknown, add, fill } = setup();
  fill("127.0.0.1");
  for (let port = 33; port <= 100; port++) assert.ok(add("127.0.0.1", port));
  assert.deepEqual(closed, []);
  for (let port = 2; port <= 100; port++) unknown.delete({ address: "127.0.0.1", port });
  fill("127.0.0.1", 201);
  clock.now += 1_000;
  assert.ok(add("127.0.0.1", 300));
  assert.deepEqual(closed, [1]);
  assert.equal(unknown.idle, 33);
});

Deno.test("UnknownConnections closes idle authenticated connections only when all else is full, the latest last", () => {
  const { closed, unknown, add, fill } = setup();
  const end = (port: number) => ({ address: "192.0.2.1", port });
  fill("192.0.2.1");
  for (let port = 1; port <= 31; port++) {
    unknown.begin(end(port));
    unknown.identified(end(port));
  }
  fill("192.0.2.1", 101); // Those of somebody known count for no address: the one that is not made room for the last.
  assert.deepEqual(closed, [32]);
  for (let port = 101; port <= 132; port++) unknown.delete(end(port));
  unknown.answered(end(2));
  unknown.answered(end(1));
  assert.ok(add("192.0.2.1", 200));
  assert.deepEqual([1, 2, 3, 4].map(() => unknown.closeOldestIdle()), [true, true, true, false]);
  assert.deepEqual(closed, [32, 200, 2, 1]);
});

Deno.test("UnknownConnections counts what a named proxy forwards under the client's address", () => {
  const { closed, unknown, add } = setup();
  for (let port = 1; port <= 100; port++) assert.ok(add(PROXY, port));
  assert.deepEqual(closed, []);
  for (let port = 1; port <= 33; port++) unknown.refused({ address: PROXY, port }, "192.0.2.1");
  for (let port = 50; port <= 80; port++) unknown.refused({ address: PROXY, port }, "192.0.2.2");
  assert.deepEqual(closed, [1]);
});

Deno.test("UnknownConnections.closeOldestIdle() closes the oldest idle connection of all", () => {
  const { closed, unknown, add } = setup();
  add("192.0.2.1", 1);
  add("192.0.2.2", 2);
  unknown.begin({ address: "192.0.2.1", port: 1 });
  assert.deepEqual([unknown.closeOldestIdle(), closed], [true, [2]]);
  assert.equal(unknown.closeOldestIdle(), false);
});
