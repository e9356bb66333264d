/** The status of an order, derived in one way for everything that shows, counts, cancels or records orders. */

import { parseDecimal } from "../money/decimals.ts";
import type { Order } from "./order_schemas.ts";

/**
 * The status of an order. The exchange reports `filled`, `cancelled` and `expired` alike as COMPLETE: `cancelled` by
 * its owner, `expired` when the exchange ended it early (the rest of an IOC or market order, an unfilled FOK, a refused
 * post-only). `unknown` is an order with an undocumented status that nothing else shows to be final: it may be live.
 */
export type OrderStanding = "awaiting" | "open" | "partially_filled" | FinalStanding | "unknown";

/** The ways in which an order can end. */
export type FinalStanding = "filled" | "cancelled" | "expired";

/** The fields of an order that determine its status. */
export type StandingFacts = Pick<
  Order,
  "type" | "status" | "base" | "limit_volume" | "completed_timestamp" | "expiration_timestamp"
>;

/** Derives the status of an order. */
export function standingOf(order: StandingFacts): OrderStanding {
  const final = finalStandingOf(order);
  if (final !== undefined) return final;
  if (order.status === "AWAITING") return "awaiting";
  if (order.status !== "PENDING") return "unknown";
  return parseDecimal(order.base).gt(0) ? "partially_filled" : "open";
}

/**
 * How a final order ended; `undefined` while it is live or that is unknown. A fully traded volume means `filled`,
 * whatever else is set: a fill may win against a cancellation. A completion time makes it final, whatever its status
 * says.
 */
export function finalStandingOf(order: StandingFacts): FinalStanding | undefined {
  const filled = parseDecimal(order.base);
  const wanted = parseDecimal(order.limit_volume);
  if (wanted.gt(0) && filled.gte(wanted)) return "filled";
  if (order.status !== "COMPLETE" && order.completed_timestamp === 0) return undefined;
  if (order.expiration_timestamp > 0) return "cancelled";
  // A market order shows no volume; it is filled as far as the book allowed.
  return order.type === "MARKET" && wanted.eq(0) && filled.gt(0) ? "filled" : "expired";
}

/** The two states of an order in API version 1; an undocumented status stays unknown. */
export function firstVersionState(order: StandingFacts): "PENDING" | "COMPLETE" | "UNKNOWN" {
  if (finalStandingOf(order) !== undefined) return "COMPLETE";
  return standingOf(order) === "unknown" ? "UNKNOWN" : "PENDING";
}
