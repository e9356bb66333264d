import assert from "node:assert/strict";
import Big from "big.js";
import fc from "fast-check";
import { Ledger } from "../../../src/simulation/engine/ledger.ts";

function entry(timestamp: number, balance: string, available: string) {
  return {
    timestamp,
    balanceDelta: new Big(balance),
    availableDelta: new Big(available),
    kind: "EXCHANGE",
    description: "",
    reference: "",
  } as const;
}

Deno.test("Ledger.append() numbers rows from 1 and keeps running totals", () => {
  const ledger = new Ledger();
  ledger.append(entry(1, "10", "10"));
  const row = ledger.append(entry(2, "0", "-4"));
  assert.equal(row.index, 2);
  assert.equal(row.balance.toFixed(), "10");
  assert.equal(row.available.toFixed(), "6");
});

Deno.test("Ledger.append() refuses to overdraw or to release more than is reserved", () => {
  const ledger = new Ledger();
  ledger.append(entry(1, "10", "10"));
  assert.throws(() => ledger.append(entry(2, "0", "-10.01")), RangeError);
  assert.throws(() => ledger.append(entry(2, "0", "0.01")), RangeError);
  assert.equal(ledger.length, 1);
});

Deno.test("Ledger.rows() takes from inclusive to exclusive", () => {
  const ledger = new Ledger();
  for (let row = 1; row <= 5; row++) ledger.append(entry(row, "1", "1"));
  assert.deepEqual(ledger.rows(2, 4).map(({ index }) => index), [2, 3]);
  assert.deepEqual(ledger.rows(6, 9), []);
});

Deno.test("Ledger.totalsAt() returns the totals of an earlier moment", () => {
  const ledger = new Ledger();
  ledger.append(entry(10, "5", "5"));
  ledger.append(entry(20, "1", "1"));
  assert.equal(ledger.totalsAt(9).balance.toFixed(), "0");
  assert.equal(ledger.totalsAt(19).balance.toFixed(), "5");
  assert.equal(ledger.totalsAt(20).balance.toFixed(), "6");
});

Deno.test("Ledger totals are the sums of all deltas, exactly", () => {
  const cents = fc.array(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 50 });
  fc.assert(fc.property(cents, (amounts) => {
    const ledger = new Ledger();
    for (const amount of amounts) ledger.append(entry(0, `${amount}e-8`, `${amount}e-8`));
    const sum = amounts.reduce((total, amount) => total + amount, 0);
    assert.equal(ledger.totals.balance.toFixed(8), new Big(`${sum}e-8`).toFixed(8));
  }));
});
