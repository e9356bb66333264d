import assert from "node:assert/strict";
import { proveMoney } from "./money_proof.ts";

Deno.test("20,000 random money computations agree with integers to the last digit", () => {
  assert.deepEqual(proveMoney(20_000, 7), { computations: 20_000, differences: [] });
});
