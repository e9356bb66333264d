/** Whether two orders of one account may trade with each other: one that rests, and one that takes. */

import { parseDecimal } from "../../money/decimals.ts";
import type { Order } from "./order.ts";

/** One of two orders. */
export interface OwnSide {
  readonly order: Order;
  /** The worst price at which a market order is expected to trade; `null` where nobody knows. */
  readonly worstPrice: string | null;
  /** Whether it is known to be on the book, or to wait for its stop price: then all that it would take is taken. */
  readonly isPlaced: boolean;
}

/**
 * Whether two orders may trade with each other, whichever comes first. Prices that were expected decide for market
 * orders. A stop-limit order meets what its limit price reaches once it is set off, but for what must have been traded
 * before its stop price can be.
 */
export function mayTradeTogether(a: OwnSide, b: OwnSide): boolean {
  if (a.order.pair !== b.order.pair || a.order.side === b.order.side) return false;
  return meets(a, b) || meets(b, a);
}

function meets(taker: OwnSide, maker: OwnSide): boolean {
  return mayTake(taker) && mayRest(maker.order) && maker.order.price !== undefined && reaches(taker, maker.order.price);
}

/** A limit order on the book has taken what it could, and one that is post-only never takes. */
function mayTake({ order, isPlaced }: OwnSide): boolean {
  return order.postOnly !== true && (!isPlaced || order.type === "stop_limit");
}

function mayRest({ type, timeInForce = "GTC" }: Order): boolean {
  return type !== "market" && timeInForce === "GTC";
}

function reaches({ order, worstPrice }: OwnSide, price: string): boolean {
  const { side, stopPrice, stopDirection } = order;
  const other = parseDecimal(price);
  const worst = order.price ?? worstPrice;
  if (worst !== null && (side === "BUY" ? other.gt(worst) : other.lt(worst))) return false;
  if (stopPrice === undefined) return true;
  // Better prices than the stop price are traded before it is.
  if (side === "BUY") return stopDirection !== "ABOVE" || other.gte(stopPrice);
  return stopDirection !== "BELOW" || other.lte(stopPrice);
}
