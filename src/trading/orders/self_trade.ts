/** Whether two orders of one account may trade with each other: one that rests, and one that takes. */

import { parseDecimal } from "../../money/decimals.ts";
import type { Order } from "./order.ts";

/** One of two orders. */
export interface OwnSide {
  readonly order: Order;
  /** The worst price at which a market order is expected to trade; `null` when unknown. */
  readonly worstPrice: string | null;
  /** Whether it is known to be on the book, or to wait for its stop price: then it has taken all that it would take. */
  readonly isPlaced: boolean;
}

/**
 * Tells whether two orders may trade with each other, in either sequence. Market orders are compared by expected
 * prices. A stop-limit order trades with everything within its limit price once it is triggered, except what must have
 * traded before its stop price is reached.
 */
export function mayTradeTogether(a: OwnSide, b: OwnSide): boolean {
  if (a.order.pair !== b.order.pair || a.order.side === b.order.side) return false;
  return meets(a, b) || meets(b, a);
}

function meets(taker: OwnSide, maker: OwnSide): boolean {
  return mayTake(taker) && mayRest(maker.order) && maker.order.price !== undefined && reaches(taker, maker.order.price);
}

/** A limit order on the book has taken what it could, and a post-only one never takes. */
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
  // Prices better than the stop price trade before it.
  if (side === "BUY") return stopDirection !== "ABOVE" || other.gte(stopPrice);
  return stopDirection !== "BELOW" || other.lte(stopPrice);
}
