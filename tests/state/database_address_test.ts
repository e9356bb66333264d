import assert from "node:assert/strict";
import { databaseName, readDatabaseAddress } from "../../src/state/database_address.ts";

function read(text: string) {
  const reading = readDatabaseAddress(text);
  assert.ok(reading.ok, reading.ok ? "" : reading.problem);
  return reading.value;
}

Deno.test("readDatabaseAddress() reads every part, and databaseName() shows all but the password", () => {
  const { password, ...address } = read("postgresql://ann%40x:p%40ss@db.example.com:6432/luno%20mcp");
  assert.deepEqual(address, {
    host: "db.example.com",
    port: 6432,
    database: "luno mcp",
    user: "ann@x",
    sslMode: "verify-full",
  });
  assert.equal(password?.reveal(), "p@ss");
  const name = databaseName(read("postgres://ann:canary@[::1]/luno"));
  assert.equal(name, "postgres://ann@[::1]:5432/luno");
});

Deno.test("readDatabaseAddress() requires TLS off loopback, and accepts no mode that does not authenticate the server", () => {
  assert.equal(read("postgres://ann@localhost/luno").sslMode, "disable");
  assert.equal(read("postgres://ann@127.0.0.1/luno?sslmode=verify-full").sslMode, "verify-full");
  assert.equal(read("postgres://ann@db/luno").sslMode, "verify-full");
  for (const mode of ["require", "verify-ca", "prefer", ""]) {
    assert.equal(readDatabaseAddress(`postgres://ann@db/luno?sslmode=${mode}`).ok, false, mode);
  }
  const reading = readDatabaseAddress("postgres://ann@db/luno?sslmode=disable");
  assert.deepEqual(reading, {
    ok: false,
    problem: "expected sslmode=verify-full, as the database is on another machine",
  });
});

Deno.test("readDatabaseAddress() refuses anything but the address of a database, and quotes nothing of it", () => {
  const wrong = [
    "",
    "canary",
    "mysql://ann:canary@db/luno",
    "postgres://ann:canary@db",
    "postgres://db/luno-canary",
    "postgres://ann:canary@db/one/two",
    "postgres://ann:canary%zz@db/luno",
    "postgres://ann:canary@db/luno?host=canary",
    "postgres://ann:canary@db/luno?sslrootcert=canary",
    "postgres://ann:canary@db/luno#canary",
  ];
  for (const text of wrong) {
    const reading = readDatabaseAddress(text);
    assert.ok(!reading.ok, text);
    assert.match(reading.problem, /^expected /);
    assert.ok(!reading.problem.includes("canary"), reading.problem);
  }
});
