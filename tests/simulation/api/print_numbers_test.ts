import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import { bareNumber, printDecimal, printList, printUnits } from "../../../src/simulation/api/print_numbers.ts";

Deno.test("printDecimal() prints at least two decimals and no further zeros", () => {
  const printed = ["146873", "0.5", "0.652674", "1e-8", "-0.00006", "2.20", "-0"].map((text) =>
    printDecimal(new Big(text))
  );
  assert.deepEqual(printed, ["146873.00", "0.50", "0.652674", "0.00000001", "-0.00006", "2.20", "0.00"]);
});

Deno.test("printUnits() prints whole units of any scale exactly as printDecimal() does", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 52 }), fc.integer({ min: 0, max: 8 }), (units, scale) => {
    assert.equal(printUnits(units, scale), printDecimal(new Big(`${units}e-${scale}`)));
  }));
});

Deno.test("printUnits() pads to the requested number of decimals", () => {
  assert.equal(printUnits(86592, 2, 18), "865.920000000000000000");
  assert.equal(printUnits(0, 0, 2), "0.00");
});

Deno.test("bareNumber() keeps every digit of a 64-bit id", () => {
  assert.equal(JSON.stringify({ id: bareNumber("8557520073699984185") }), '{"id":8557520073699984185}');
});

Deno.test("printList() writes null for an empty list only on request", () => {
  assert.equal(printList([], { emptyLists: "null" }), null);
  assert.deepEqual(printList([], { emptyLists: "array" }), []);
  assert.deepEqual(printList([1], { emptyLists: "null" }), [1]);
});
