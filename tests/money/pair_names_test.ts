import assert from "node:assert/strict";
import fc from "fast-check";
import { findCurrency, findPair, type NamedPair, namesPair } from "../../src/money/pair_names.ts";

function pair(base: string, counter: string): NamedPair {
  return { id: base + counter, base, counter };
}

const pairs = [
  ["XBT", "ZAR"],
  ["ETH", "ZAR"],
  ["XRP", "ZAR"],
  ["USDT", "ZAR"],
  ["USDT", "ZARU"],
  ["XBT", "USDT"],
  ["XBT", "USDC"],
  ["ETH", "XBT"],
  ["WBTC", "ZAR"],
  ["DOGE", "USDT"],
  ["SOL", "XRP"],
  ["XBT", "EUR"],
].map(([base = "", counter = ""]) => pair(base, counter));

function idOf(text: string): string | undefined {
  const found = findPair(text, pairs);
  return found.ok ? found.value.id : undefined;
}

function suggestionsFor(text: string): readonly string[] {
  const found = findPair(text, pairs);
  assert.ok(!found.ok, text);
  return found.suggestions;
}

Deno.test("findPair() understands a pair as people write it", () => {
  for (
    const text of [
      "XBTZAR",
      "BTC/ZAR",
      "btc-zar",
      "xbt_zar",
      " Btc : Zar ",
      "BTCZAR",
      "xbtzar",
      "bitcoin/zar",
      "bitcoin rand",
    ]
  ) {
    assert.equal(idOf(text), "XBTZAR", text);
  }
  assert.equal(idOf("eth/btc"), "ETHXBT");
  assert.equal(idOf("ETHBTC"), "ETHXBT");
  assert.equal(idOf("usdtzaru"), "USDTZARU");
});

Deno.test("findPair() reads BTC as XBT only where it is the whole code", () => {
  assert.equal(idOf("WBTCZAR"), "WBTCZAR");
  assert.equal(idOf("WBTC/ZAR"), "WBTCZAR");
  assert.equal(idOf("WXBTZAR"), undefined);
});

Deno.test("findPair() prefers a pair that really has the name", () => {
  const found = findPair("BTCZAR", [...pairs, pair("BTC", "ZAR")]);
  assert.ok(found.ok);
  assert.equal(found.value.id, "BTCZAR");
});

Deno.test("findPair() suggests a reversed pair first, then similar spellings, at most five", () => {
  assert.equal(suggestionsFor("ZARXBT")[0], "XBTZAR");
  assert.equal(suggestionsFor("zar/btc")[0], "XBTZAR");
  assert.deepEqual(suggestionsFor("XBT/USD").slice(0, 2), ["XBTUSDC", "XBTUSDT"]);
  assert.equal(suggestionsFor("etzar")[0], "ETHZAR");
  for (const text of ["XBTUSD", "ZAR", "BTC"]) assert.ok(suggestionsFor(text).length <= 5);
});

Deno.test("findPair() suggests the pairs of a single currency", () => {
  assert.deepEqual(suggestionsFor("bitcoin").slice(0, 4), ["XBTEUR", "XBTUSDC", "XBTUSDT", "XBTZAR"]);
});

Deno.test("findPair() suggests nothing for a text that has nothing in common with a pair", () => {
  for (const text of ["", "   ", "/", "completely different words", "x".repeat(10_000), "XBTZAR" + " ".repeat(100)]) {
    assert.deepEqual(suggestionsFor(text), [], text.slice(0, 30));
  }
});

Deno.test("findPair() finds every pair by every way of joining its codes, and only ever returns a real one", () => {
  fc.assert(fc.property(
    fc.constantFrom(...pairs),
    fc.constantFrom("", "/", "-", "_", " ", ":"),
    fc.boolean(),
    fc.boolean(),
    (wanted, separator, lower, people) => {
      const written = [wanted.base, wanted.counter]
        .map((code) => people && code === "XBT" ? "BTC" : code).join(separator);
      assert.equal(idOf(lower ? written.toLowerCase() : written), wanted.id);
    },
  ));
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => {
    const found = findPair(text, pairs);
    const ids = pairs.map(({ id }) => id);
    assert.ok(found.ok ? pairs.includes(found.value) : found.suggestions.every((id) => ids.includes(id)));
  }));
});

Deno.test("findCurrency() returns Luno's code, and suggestions for an unknown one", () => {
  const codeOf = (text: string) => {
    const found = findCurrency(text, pairs);
    return found.ok ? found.value : found.suggestions;
  };
  assert.deepEqual(["btc", "XBT", "Bitcoin", "zar", "wbtc", " eur "].map(codeOf), [
    "XBT",
    "XBT",
    "XBT",
    "ZAR",
    "WBTC",
    "EUR",
  ]);
  assert.deepEqual(codeOf("USD"), ["USDC", "USDT"]);
  assert.deepEqual(codeOf("btc zar"), []);
});

Deno.test("namesPair() says whether a text names a pair of which only the code is known", () => {
  for (const text of ["XBTZAR", "btczar", "BTC/ZAR", "xbt-zar", "bitcoin rand", "XBT_ZAR"]) {
    assert.equal(namesPair(text, "XBTZAR"), true, text);
    assert.equal(namesPair(text, "ETHZAR"), false, text);
  }
  assert.equal(namesPair("USDT/ZAR", "USDTZARU"), false);
  assert.equal(namesPair("WBTC/ZAR", "XBTZAR"), false);
  for (const text of ["", "/", "XBT", "XBT ZAR ZAR"]) assert.equal(namesPair(text, "XBTZAR"), false, text);
});
