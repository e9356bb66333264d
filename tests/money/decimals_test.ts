import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import {
  countDecimals,
  formatDecimal,
  formatPercent,
  isPositive,
  normalizeDecimal,
  parseDecimal,
} from "../../src/money/decimals.ts";

/** A decimal as digits and scale, which is how an exchange counts. */
const decimals = fc.tuple(fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }), fc.nat(18))
  .map(([units, scale]) => new Big(units.toString()).times(new Big(10).pow(-scale)));

Deno.test("normalizeDecimal() gives every spelling of a value one form", () => {
  for (
    const [written, normal] of [
      ["2765.000000000000000000", "2765"],
      ["0.00", "0"],
      ["-0.00", "0"],
      ["0", "0"],
      ["100", "100"],
      ["007.50", "7.5"],
      ["72617.38000000", "72617.38"],
      [0.1, "0.1"],
      [-6e-5, "-0.00006"],
      [1e-7, "0.0000001"],
      ["1.5e3", "1500"],
    ] as const
  ) assert.equal(normalizeDecimal(written), normal, String(written));
});

Deno.test("normalizeDecimal() refuses anything but a decimal", () => {
  for (
    const text of [
      "",
      " 1",
      "1,000",
      "1.",
      ".5",
      "+1",
      "1.5.0",
      "0x10",
      "NaN",
      "Infinity",
      "1e999",
      "1e40",
      "1e-41",
      "9".repeat(41),
    ]
  ) {
    assert.equal(normalizeDecimal(text), null, text);
  }
  assert.equal(normalizeDecimal(1e99), null);
  assert.equal(normalizeDecimal(NaN), null);
  assert.equal(normalizeDecimal(Infinity), null);
});

Deno.test("normalizeDecimal() preserves the value and agrees with formatDecimal(), however many zeros are added", () => {
  fc.assert(fc.property(decimals, fc.nat(10), (value, zeros) => {
    const plain = formatDecimal(value);
    const padded = plain + (plain.includes(".") ? "" : zeros > 0 ? "." : "") + "0".repeat(zeros);
    assert.equal(normalizeDecimal(padded), plain);
  }));
});

Deno.test("parseDecimal() reads back what formatDecimal() writes", () => {
  fc.assert(fc.property(decimals, (value) => assert.ok(parseDecimal(formatDecimal(value)).eq(value))));
});

Deno.test("parseDecimal() refuses exponents and words", () => {
  for (const text of ["1e3", "", "one", "1_000"]) assert.throws(() => parseDecimal(text), RangeError);
});

Deno.test("countDecimals() counts the decimals that a value needs", () => {
  assert.deepEqual(["1.50", "1", "0.0005", "0"].map((text) => countDecimals(new Big(text))), [1, 0, 4, 0]);
});

Deno.test("formatPercent() rounds half to even and is undefined for a total of zero", () => {
  assert.equal(formatPercent(new Big(1), new Big(3)), "33.33");
  assert.equal(formatPercent(new Big("0.00125"), new Big(1)), "0.12");
  assert.equal(formatPercent(new Big(1), new Big(0)), null);
});

Deno.test("isPositive() agrees with arithmetic for every spelling", () => {
  for (const text of ["0", "-0", "0.000", "-0.5", "-1", "10", "0.01", "007.50"]) {
    assert.equal(isPositive(text), new Big(text).gt(0), text);
  }
  fc.assert(fc.property(decimals, (value) => assert.equal(isPositive(formatDecimal(value)), value.gt(0))));
});
