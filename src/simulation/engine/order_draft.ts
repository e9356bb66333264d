/** The owner's parameters of an order, its first state, and its form for the matching core. */

import Big from "big.js";
import { budgetOf } from "./market_units.ts";
import { byPriority, type IncomingOrder, type RestingOrder, type Side } from "./matching.ts";
import type { Order } from "./orders.ts";

const ZERO = new Big(0);

/** An order before it is accepted: its owner's parameters. */
export type OrderDraft = Pick<
  Order,
  | "clientOrderId"
  | "market"
  | "side"
  | "type"
  | "timeInForce"
  | "postOnly"
  | "limitPrice"
  | "limitVolume"
  | "budget"
  | "stop"
  | "baseAccountId"
  | "counterAccountId"
>;

/** The initial state of an order. */
export function newOrder(
  draft: OrderDraft,
  { id, nowMs, dueAt, seen = 0 }: { id: string; nowMs: number; dueAt: number | null; seen?: number },
): Order {
  return {
    ...draft,
    id,
    status: "AWAITING",
    filled: 0,
    base: ZERO,
    counter: ZERO,
    feeBase: ZERO,
    feeCounter: ZERO,
    reserved: ZERO,
    createdAt: nowMs,
    dueAt,
    completedAt: 0,
    cancelledAt: 0,
    updatedAt: nowMs,
    seen,
  };
}

/** Whether an accepted order has not reached the book yet. */
export function isInTransit(order: Order): boolean {
  return order.status === "AWAITING" && order.dueAt !== null;
}

/** An order in the form of the matching core. */
export function incomingOf(order: Order): IncomingOrder {
  const { side, limitPrice: price, limitVolume: volume, timeInForce, postOnly } = order;
  if (order.type !== "MARKET") return { kind: "limit", side, price, volume, timeInForce, postOnly };
  if (order.budget === null) return { kind: "market", side: "SELL", volume };
  return { kind: "market", side: "BUY", budget: budgetOf(order.market, order.budget) };
}

/** Own orders on one side of the book, best price first and then oldest first. */
export function resting(orders: readonly Order[], side: Side): RestingOrder[] {
  return orders
    .filter((order) => order.side === side && order.status === "PENDING")
    .map(({ id, limitPrice: price, limitVolume, filled }) => ({ id, price, volume: limitVolume - filled, own: true }))
    .sort(byPriority(side));
}
