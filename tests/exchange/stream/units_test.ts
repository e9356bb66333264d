import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import { fromUnits, toUnits } from "../../../src/exchange/stream/units.ts";
import { formatDecimal } from "../../../src/money/decimals.ts";

const digits = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength }).map((list) => list.join(""));

Deno.test("toUnits() and fromUnits() preserve every decimal of at most 18 places", () => {
  fc.assert(
    fc.property(digits(30), fc.option(digits(18)), fc.integer({ min: 0, max: 20 }), (whole, fraction, zeros) => {
      const text = fraction === null ? whole : `${whole}.${fraction}${"0".repeat(zeros)}`;
      const units = toUnits(text);
      assert.ok(units !== undefined, text);
      assert.equal(fromUnits(units), formatDecimal(new Big(text)));
    }),
  );
});

Deno.test("toUnits() refuses anything but decimals from zero up, and more than 18 places", () => {
  const odd = ["", ".", "1.", ".5", "-1", "+1", "1e5", "1,5", " 1", "1 ", "1.2.3", "NaN", "0x10", "١"];
  for (const text of [...odd, ...odd.map((each) => `${each}${"0".repeat(16)}x`), "0.0000000000000000001"]) {
    assert.equal(toUnits(text), undefined, text);
  }
});
