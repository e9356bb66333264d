import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJson } from "../../src/exchange/json.ts";

Deno.test("parseJson() keeps an id beyond 2^53 exact, as a string", () => {
  assert.deepEqual(parseJson('{"base_account_id": 8557520073699984185}'), { base_account_id: "8557520073699984185" });
  assert.deepEqual(parseJson("9007199254740993"), "9007199254740993");
});

Deno.test("parseJson() leaves numbers unchanged that a double holds as written", () => {
  assert.deepEqual(parseJson("[0.10, -6e-05, 1790127260000, 9007199254740992, 100.00, 1e3]"), [
    0.1,
    -6e-5,
    1790127260000,
    9007199254740992,
    100,
    1000,
  ]);
});

Deno.test("parseJson() keeps decimals with too many digits or too large an exponent as text", () => {
  assert.deepEqual(parseJson("[0.12345678901234567890, 9007199254740990.3, 1e400]"), [
    "0.12345678901234567890",
    "9007199254740990.3",
    "1e400",
  ]);
});

Deno.test("parseJson() returns every integer exactly, at any place", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n }), fc.nat(3), (id, spaces) => {
    const gap = " ".repeat(spaces);
    const parsed = parseJson(`{"a":${gap}${id},"b":[${gap}${id}${gap},${id}],"c":"${id}"}`);
    const expected = Number.isSafeInteger(Number(id)) ? Number(id) : String(id);
    const same = (value: unknown) => assert.equal(String(value), String(expected));
    assert.ok(
      typeof parsed === "object" && parsed !== null && "a" in parsed && "b" in parsed && Array.isArray(parsed.b),
    );
    same(parsed.a);
    parsed.b.forEach(same);
  }));
});

Deno.test("parseJson() equals JSON.parse() for everything that JSON.stringify() writes", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const text = JSON.stringify(value);
    assert.deepEqual(parseJson(text), JSON.parse(text));
  }));
});

/** Pieces that numbers, texts, and texts that look like numbers consist of. */
const PIECES = fc.array(
  fc.constantFrom("8557520073699984185", "-1e400", "0.10", "1", ",", ":", "[", "]", "}", " ", "\\", '"', "a"),
  { maxLength: 8 },
).map((pieces) => pieces.join(""));

Deno.test("parseJson() leaves texts unchanged, whatever is in them", () => {
  fc.assert(fc.property(PIECES, PIECES, (key, text) => {
    const json = `{${JSON.stringify(key)}:[${JSON.stringify(text)},8557520073699984185]}`;
    assert.deepEqual(parseJson(json), { [key]: [text, "8557520073699984185"] });
  }));
});

Deno.test("parseJson() refuses what JSON.parse() refuses, also around numbers that it keeps exact", () => {
  fc.assert(
    fc.property(PIECES, (text) => {
      const isJson = (parse: (text: string) => unknown) => {
        try {
          parse(text);
          return true;
        } catch {
          return false;
        }
      };
      assert.equal(isJson(parseJson), isJson(JSON.parse));
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("parseJson() throws for a text that is not JSON or nested too deep", () => {
  assert.throws(() => parseJson("<html>"), SyntaxError);
  assert.throws(() => parseJson('{"a": 1'), SyntaxError);
  assert.throws(() => parseJson('{"a":1,8557520073699984185:1}'), SyntaxError);
  const deep = "[".repeat(200_000) + "8557520073699984185" + "]".repeat(200_000);
  assert.throws(() => parseJson(`[", 8557520073699984185,",${deep}]`), RangeError);
});
