/** How an order stands, read in one way by everything that shows, counts, cancels or records orders. */

import { parseDecimal } from "../money/decimals.ts";
import type { Order } from "./schemas.ts";

/**
 * How an order stands. The exchange calls `filled`, `cancelled` and `expired` COMPLETE alike: `cancelled` by its owner,
 * `expired` when the exchange ended it early (the rest of an IOC or market order, an unfilled FOK, a refused post-only).
 * `unknown` is every order whose status is none that is documented and which nothing else shows to be final: it may be
 * alive.
 */
export type OrderStanding = "awaiting" | "open" | "partially_filled" | FinalStanding | "unknown";

/** The ways in which an order ends. */
export type FinalStanding = "filled" | "cancelled" | "expired";

/** What of an order tells how it stands. */
export type StandingFacts = Pick<
  Order,
  "type" | "status" | "base" | "limit_volume" | "completed_timestamp" | "expiration_timestamp"
>;

/** Tells how an order stands. */
export function standingOf(order: StandingFacts): OrderStanding {
  const final = finalStandingOf(order);
  if (final !== undefined) return final;
  if (order.status === "AWAITING") return "awaiting";
  if (order.status !== "PENDING") return "unknown";
  return parseDecimal(order.base).gt(0) ? "partially_filled" : "open";
}

/**
 * How a final order ended; `undefined` while it is alive or that is not known. All of its volume traded makes it
 * `filled` whatever else is set: a fill may win against a cancellation. A time of completion makes it final whatever its
 * status says.
 */
export function finalStandingOf(order: StandingFacts): FinalStanding | undefined {
  const filled = parseDecimal(order.base);
  const wanted = parseDecimal(order.limit_volume);
  if (wanted.gt(0) && filled.gte(wanted)) return "filled";
  if (order.status !== "COMPLETE" && order.completed_timestamp === 0) return undefined;
  if (order.expiration_timestamp > 0) return "cancelled";
  // A market order shows no volume; it is filled as far as the book carried it.
  return order.type === "MARKET" && wanted.eq(0) && filled.gt(0) ? "filled" : "expired";
}

/** An order in the words of API version 1, which knows two states; a status that is not documented stays unknown. */
export function firstVersionState(order: StandingFacts): "PENDING" | "COMPLETE" | "UNKNOWN" {
  if (finalStandingOf(order) !== undefined) return "COMPLETE";
  return standingOf(order) === "unknown" ? "UNKNOWN" : "PENDING";
}
