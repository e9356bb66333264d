import assert from "node:assert/strict";
import { KeyedMutex } from "../../../src/simulation/paper/keyed_mutex.ts";
import { Refusal } from "../../../src/simulation/engine/refusal.ts";

Deno.test("KeyedMutex.run() runs calls under one name in order of arrival, and other names concurrently", async () => {
  const mutex = new KeyedMutex();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const first = mutex.run("XBTZAR", async () => {
    await gate.promise;
    log.push("first");
  });
  const failed = assert.rejects(mutex.run("XBTZAR", () => Promise.reject(new TypeError("no"))), TypeError);
  const last = mutex.run("XBTZAR", () => Promise.resolve(log.push("last")));
  await mutex.run("ETHZAR", () => Promise.resolve(log.push("other")));
  gate.resolve();
  await Promise.all([first, failed, last]);
  assert.deepEqual(log, ["other", "first", "last"]);
});

Deno.test("KeyedMutex.run() refuses when a hundred wait, and accepts more when they are done", async () => {
  const mutex = new KeyedMutex();
  const gate = Promise.withResolvers<void>();
  const waiting = Array.from({ length: 101 }, () => mutex.run("XBTZAR", () => gate.promise));
  await assert.rejects(mutex.run("XBTZAR", () => Promise.resolve()), (error) => {
    assert.ok(error instanceof Refusal);
    assert.equal(error.code, "ErrTooManyRequests");
    return true;
  });
  gate.resolve();
  await Promise.all(waiting);
  assert.equal(await mutex.run("XBTZAR", () => Promise.resolve(1)), 1);
});
