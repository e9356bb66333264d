import assert from "node:assert/strict";
import { MemoryRateLimit } from "../../src/state/shared/memory/rate_limit.ts";
import { Registry } from "../../src/session/registry.ts";

function registryOf(maxConnections: number, maxConnectionsPerClient: number): Registry {
  const rateLimit = new MemoryRateLimit({ perMinute: () => 10, now: () => 0 });
  return new Registry({
    maxConnections,
    maxSockets: maxConnections + 4,
    maxConnectionsOf: () => maxConnectionsPerClient,
    rateLimit,
    now: () => 1_000,
  });
}

function client(identity: string) {
  return { identity, address: "192.0.2.1", carrier: "websocket" as const };
}

Deno.test("Registry.reject() refuses a connection over the client's maximum before the server is full", () => {
  const registry = registryOf(3, 2);
  registry.open(client("a"));
  registry.open(client("a"));
  assert.equal(registry.reject("a"), "client_full");
  assert.equal(registry.reject("b"), undefined);
  registry.open(client("b"));
  assert.equal(registry.reject("b"), "server_full");
});

Deno.test("Registry.close() releases a slot, once", () => {
  const registry = registryOf(1, 1);
  const connection = registry.open(client("a"));
  registry.close(connection);
  registry.close(connection);
  assert.equal(registry.reject("a"), undefined);
  registry.open(client("a"));
  assert.equal(registry.reject("a"), "server_full");
});

Deno.test("Registry.admitRequest() counts a request as a connection of its client until it is answered", () => {
  const registry = registryOf(2, 1);
  const first = registry.admitRequest("a");
  assert.ok(typeof first === "object");
  assert.equal(registry.admitRequest("a"), "client_full");
  assert.equal(registry.reject("a"), "client_full");
  assert.ok(typeof registry.admitRequest("b") === "object");
  assert.equal(registry.admitRequest("c"), "server_full");
  first.release();
  first.release();
  assert.ok(typeof registry.admitRequest("a") === "object");
  assert.equal(registry.admitRequest("c"), "server_full");
});

Deno.test("Registry.admitSocket() counts sockets that have not upgraded, and closes those over the hard maximum without an answer", () => {
  const registry = registryOf(2, 2);
  const sockets = Array.from({ length: 3 }, () => registry.admitSocket());
  assert.equal(registry.reject("a"), "server_full");
  const [first] = sockets;
  if (first) {
    first.release();
    first.release();
  }
  assert.equal(registry.reject("a"), undefined);
  while (registry.admitSocket() !== false);
  assert.equal(registry.admitSocket(), false);
});

Deno.test("Registry.status() shows a connection with its usage, and its name truncated to plain characters", () => {
  const registry = registryOf(5, 5);
  const connection = registry.open(client("a"));
  connection.introduce({ name: `evil\u0000\u202e${"x".repeat(200)}`, version: 7 }, "modern");
  registry.rateLimit.take("a");
  const [shown] = registry.status();
  assert.equal(shown?.client?.length, 64);
  assert.match(shown?.client ?? "", /^evil x+$/);
  assert.deepEqual([shown?.version, shown?.era, shown?.rate_limit_use], [null, "modern", 0.1]);
});
