import assert from "node:assert/strict";
import fc from "fast-check";
import { joined, orderOf } from "../../../src/exchange/stream/own_order.ts";
import type { OrderEvent } from "../../../src/exchange/stream/own_order.ts";

const NAMED = { order_id: "BX1", client_order_id: "lm-1", market_id: "XBTZAR" };
const STATES = ["AWAITING", "PENDING", "COMPLETE"] as const;

function statusOf(status: (typeof STATES)[number] | "UNKNOWN", timestamp: number): OrderEvent {
  return { type: "order_status", timestamp, status: { ...NAMED, status } };
}

function fillOf(fills: number, timestamp: number): OrderEvent {
  const fill = {
    base_fill: `0.00${fills}`,
    counter_fill: `${fills * 10}`,
    base_delta: "0.001",
    counter_delta: "10",
    base_fee: `0.00000${fills}`,
    counter_fee: "0",
    base_fee_delta: "0.000001",
    counter_fee_delta: "0",
  };
  return { type: "order_fill", timestamp, fill: { ...NAMED, ...fill } };
}

const LIFE: readonly OrderEvent[] = [
  statusOf("AWAITING", 1),
  fillOf(1, 2),
  fillOf(2, 2),
  statusOf("PENDING", 3),
  fillOf(3, 4),
  fillOf(4, 5),
  statusOf("COMPLETE", 6),
];

Deno.test("joined() gives the same result in any order, with any repetition", () => {
  const inOrder = LIFE.map(orderOf).reduce(joined);
  const { status, base, counter, feeBase, timestamp } = inOrder;
  assert.deepEqual([status, base, counter, feeBase, timestamp], ["COMPLETE", "0.004", "40", "0.000004", 6]);
  const orders = fc.shuffledSubarray([...LIFE, ...LIFE], { minLength: LIFE.length * 2 });
  fc.assert(fc.property(orders, (events) => {
    assert.deepEqual(events.map(orderOf).reduce(joined), inOrder);
  }));
});

Deno.test("orderOf() returns nothing for an undocumented state", () => {
  assert.equal(joined(orderOf(statusOf("PENDING", 1)), orderOf(statusOf("UNKNOWN", 2))).status, "PENDING");
});
