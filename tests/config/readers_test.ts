import assert from "node:assert/strict";
import fc from "fast-check";
import { Address, decimalNumber, Level, oneOf, SocketAddress, someOf, wholeNumber } from "../../src/config/readers.ts";
import type { Reader, Reading } from "../../src/config/reader.ts";

function valueOf<Value>(reader: Reader<Value>, text: string): Value {
  const reading = reader.read(text);
  return reading.ok ? reading.value : assert.fail(`${text}: ${reading.problem}`);
}

function problemOf(reading: Reading<unknown>): string | undefined {
  return reading.ok ? undefined : reading.problem;
}

Deno.test("wholeNumber() reads exactly the whole numbers within its bounds", () => {
  fc.assert(fc.property(fc.integer({ min: -50, max: 250 }), (number) => {
    const read = wholeNumber(10, 200).read(String(number));
    assert.equal(read.ok, number >= 10 && number <= 200);
    if (read.ok) assert.equal(read.value, number);
  }));
});

Deno.test("wholeNumber() refuses every other notation and names its bounds", () => {
  for (const text of ["", " 5", "5.0", "1e2", "0x10", "+5", "-0", "5_0", "NaN", "9".repeat(16)]) {
    const read = wholeNumber(0, 1_000_000).read(text);
    assert.equal(problemOf(read), "expected a whole number from 0 to 1000000", text);
  }
});

Deno.test("oneOf() reads its words in any case and lists them in a refusal", () => {
  const words = oneOf("debug", "info", "error");
  for (const text of ["debug", "DEBUG", "Debug"]) assert.equal(valueOf(words, text), "debug");
  for (const text of ["", "debu", "debug ", "constructor"]) {
    assert.equal(problemOf(words.read(text)), "expected debug, info or error", text);
  }
});

Deno.test("Level reads the level names of common logging libraries in any case, and lists its own in a refusal", () => {
  const expected = {
    trace: ["trace", "TRACE", "verbose"],
    debug: ["debug", "DEBUG"],
    info: ["info", "INFO", "information", "notice"],
    warning: ["warn", "WARN", "warning", "Warning"],
    error: ["err", "error", "ERROR"],
    fatal: ["fatal", "CRITICAL", "crit", "emerg"],
  };
  for (const [level, names] of Object.entries(expected)) {
    for (const name of names) assert.equal(valueOf(Level, name), level, name);
  }
  for (const name of ["", "loud", "constructor", "5"]) {
    const message = problemOf(Level.read(name));
    assert.equal(message, "expected trace, debug, info, warning, error or fatal", name);
  }
});

Deno.test("someOf() returns each choice once and in its own order, however it is written", () => {
  const words = ["market", "account", "server"] as const;
  fc.assert(fc.property(
    fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 6 }),
    fc.constantFrom(",", ", ", " ,", ",,"),
    (chosen, comma) => {
      const read = valueOf(someOf(...words), chosen.join(comma).toUpperCase());
      assert.deepEqual(read, words.filter((word) => chosen.includes(word)));
    },
  ));
});

Deno.test("someOf() refuses an empty choice and unknown words", () => {
  for (const text of ["", " , ", "market,orders", "market account"]) {
    const read = someOf("market", "account").read(text);
    assert.equal(problemOf(read), "expected a comma-separated list of market and account", text);
  }
});

Deno.test("Address reads a bare host as https and refuses anything but a plain http address", () => {
  assert.equal(valueOf(Address, "api.luno.com").href, "https://api.luno.com/");
  assert.equal(valueOf(Address, "http://127.0.0.1:9000").href, "http://127.0.0.1:9000/");
  assert.equal(valueOf(Address, "HTTPS://Api.Luno.com/").href, "https://api.luno.com/");
  for (
    const text of ["", " ", "ftp://luno.com", "https://", "https://user@luno.com", "user:word@luno.com", "luno.com?a=b"]
  ) assert.equal(Address.read(text).ok, false, text);
  for (const text of ["https://luno.com/#part", "https://api.luno.com/api/1", "api.luno.com/api"]) {
    assert.equal(Address.read(text).ok, false, text);
  }
});

Deno.test("SocketAddress accepts ws and wss addresses, and nothing with a password or another scheme", () => {
  for (
    const text of ["ws://localhost:8765", "wss://server.example/ws?room=1", "WSS://Server.example", "ws://[::1]:1"]
  ) {
    assert.ok(SocketAddress.read(text).ok, text);
  }
  for (
    const text of [
      "",
      "localhost:8765",
      "http://localhost",
      "wss://user@server.example",
      "ws://a/#part",
      "ws://",
      "ws://a/?token=x",
      "ws://a/?scopes=market:read&api_key=y",
    ]
  ) {
    assert.equal(SocketAddress.read(text).ok, false, text);
  }
});

Deno.test("decimalNumber() reads exactly the plain decimals within its bounds", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 3_000 }), (hundredths) => {
    const read = decimalNumber(0.5, 20).read(String(hundredths / 100));
    assert.equal(read.ok, hundredths >= 50 && hundredths <= 2_000);
    if (read.ok) assert.equal(read.value, hundredths / 100);
  }));
  for (const text of ["", "1e1", "-1", "+1", ".5", "1.", "1,5", "NaN", "0x1", " 1"]) {
    assert.equal(decimalNumber(0, 100).read(text).ok, false, text);
  }
});
