import assert from "node:assert/strict";
import { createIdentifiers } from "../../../src/simulation/engine/identifiers.ts";

const COUNT = 5_000;
const FAMILIES = ["order", "account", "reference", "trace", "transaction"] as const;

for (const family of FAMILIES) {
  Deno.test(`createIdentifiers() never repeats an id of ${family}, and repeats a run with the same seed`, () => {
    const run = (seed: number) => {
      const identifiers = createIdentifiers(seed);
      return Array.from({ length: COUNT }, () => identifiers[family]());
    };
    const ids = run(7);
    assert.equal(new Set(ids).size, COUNT);
    assert.deepEqual(run(7), ids);
    assert.notEqual(run(8)[0], ids[0]);
  });
}

Deno.test("createIdentifiers() gives ids the exchange's form", () => {
  const identifiers = createIdentifiers(0);
  assert.match(identifiers.order(), /^BX[2-9A-HJ-NP-Z]{13}$/);
  assert.match(identifiers.reference(), /^[0-9a-f]{8}$/);
  assert.match(identifiers.trace(), /^[0-9a-f]{16}$/);
  assert.match(identifiers.transaction(), /^[0-9a-f]{64}$/);
  const account = BigInt(identifiers.account());
  assert.ok(account > 2n ** 53n && account < 2n ** 63n);
});
