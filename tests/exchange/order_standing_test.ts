import assert from "node:assert/strict";
import { finalStandingOf, firstVersionState, standingOf } from "../../src/exchange/order_standing.ts";
import { Order } from "../../src/exchange/order_schemas.ts";

/** A limit order that nothing has happened to yet, as the wire shows it. */
const WIRE = {
  order_id: "BXMC2CJ7HNB88U4",
  pair: "XBTZAR",
  side: "BUY",
  type: "LIMIT",
  status: "PENDING" as unknown,
  time_in_force: "GTC",
  limit_price: "900000",
  limit_volume: "0.5",
  base: "0",
  counter: "0",
  creation_timestamp: 1_790_000_000_000,
  completed_timestamp: 0,
  expiration_timestamp: 0,
};

function order(fields: Partial<typeof WIRE>): Order {
  return Order.parse({ ...WIRE, ...fields });
}

const DONE = { completed_timestamp: 1_790_000_001_000 };
const CLOSED = { ...DONE, status: "COMPLETE" };
const CANCELLED = { expiration_timestamp: 1_790_000_001_000 };
const MARKET = { ...CLOSED, type: "MARKET", time_in_force: "", limit_price: "0" };

Deno.test("standingOf() distinguishes filled, cancelled and expired, all of which the exchange calls COMPLETE", () => {
  for (
    const [fields, standing] of [
      [{ status: "AWAITING" }, "awaiting"],
      [{}, "open"],
      [{ base: "0.1" }, "partially_filled"],
      [{ ...CLOSED, base: "0.5" }, "filled"],
      [{ ...CLOSED, base: "0.50" }, "filled"],
      [{ ...CLOSED, ...CANCELLED, base: "0.4" }, "cancelled"],
      [{ ...CLOSED, ...CANCELLED }, "cancelled"],
      [{ ...CLOSED, base: "0.4" }, "expired"],
      [CLOSED, "expired"],
      [{ ...CLOSED, limit_volume: "0" }, "expired"],
      [{ ...MARKET, limit_volume: "0", base: "0.1" }, "filled"],
      [{ ...MARKET, limit_volume: "0" }, "expired"],
      [{ ...MARKET, base: "0.5" }, "filled"],
      [{ ...MARKET, base: "0.4" }, "expired"],
    ] as const
  ) assert.equal(standingOf(order(fields)), standing, JSON.stringify(fields));
});

Deno.test("standingOf() treats an order with a completion time as final, whatever its status", () => {
  for (const status of ["CANCELLED", "FAILED", "EXPIRED", "PENDING", "AWAITING", "", null, undefined]) {
    assert.equal(standingOf(order({ ...DONE, status, base: "0.1" })), "expired", String(status));
    assert.equal(standingOf(order({ ...DONE, ...CANCELLED, status })), "cancelled", String(status));
    assert.equal(standingOf(order({ ...DONE, status, base: "0.5" })), "filled", String(status));
  }
});

Deno.test("standingOf() calls an undocumented status unknown, never open", () => {
  for (const status of ["CANCELLED", "FAILED", "EXPIRED", "complete", "", null, undefined]) {
    for (const base of ["0", "0.1"]) {
      assert.equal(standingOf(order({ status, base })), "unknown", String(status));
      assert.equal(finalStandingOf(order({ status, base })), undefined, String(status));
    }
  }
});

Deno.test("standingOf() calls an order filled that traded all of its volume, whatever else is set", () => {
  for (const status of ["COMPLETE", "PENDING", "CANCELLED", null]) {
    for (const fields of [{}, DONE, { ...DONE, ...CANCELLED }, CANCELLED]) {
      assert.equal(standingOf(order({ ...fields, status, base: "0.5" })), "filled", JSON.stringify([status, fields]));
    }
  }
});

Deno.test("firstVersionState() shows a final order as COMPLETE, whatever its status, and no unknown one as pending", () => {
  for (
    const [fields, state] of [
      [{}, "PENDING"],
      [{ status: "AWAITING" }, "PENDING"],
      [CLOSED, "COMPLETE"],
      [{ ...DONE, status: "CANCELLED" }, "COMPLETE"],
      [{ status: "FROZEN" }, "UNKNOWN"],
    ] as const
  ) assert.equal(firstVersionState(order(fields)), state, JSON.stringify(fields));
});
