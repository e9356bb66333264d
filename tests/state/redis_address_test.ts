import assert from "node:assert/strict";
import { readRedisAddress, redisName } from "../../src/state/redis_address.ts";

function read(text: string) {
  const reading = readRedisAddress(text);
  assert.ok(reading.ok, reading.ok ? "" : reading.problem);
  return reading.value;
}

Deno.test("readRedisAddress() reads every part, and redisName() shows all but the password", () => {
  const address = read("rediss://ann%40x:p%40ss@cache.example.com:6380/3?prefix=blue");
  const { password, ...others } = address;
  assert.deepEqual(others, {
    host: "cache.example.com",
    port: 6380,
    database: 3,
    isSecure: true,
    user: "ann@x",
    prefix: "blue",
  });
  assert.equal(password?.reveal(), "p@ss");
  assert.equal(redisName(address), "rediss://ann%40x@cache.example.com:6380/3?prefix=blue");
  assert.equal(redisName(read("redis://:canary@[::1]")), "redis://[::1]:6379/0");
});

Deno.test("readRedisAddress() requires TLS off loopback", () => {
  assert.equal(read("redis://localhost").isSecure, false);
  assert.equal(read("rediss://127.0.0.1").isSecure, true);
  assert.deepEqual(readRedisAddress("redis://cache"), {
    ok: false,
    problem: "expected rediss://, as the host is another machine",
  });
});

Deno.test("readRedisAddress() refuses anything but the address of a Redis, and quotes nothing of it", () => {
  const wrong = [
    "",
    "canary",
    "http://canary@localhost",
    "redis://",
    "redis://ann:canary%zz@localhost",
    "redis://localhost/canary",
    "redis://localhost/99999",
    "redis://localhost/1/2",
    "redis://localhost?db=canary",
    "redis://localhost?prefix=canary canary",
    "redis://localhost?prefix=a&prefix=canary",
    "redis://localhost#canary",
  ];
  for (const text of wrong) {
    const reading = readRedisAddress(text);
    assert.ok(!reading.ok, text);
    assert.match(reading.problem, /^expected /);
    assert.ok(!reading.problem.includes("canary"), reading.problem);
  }
});
