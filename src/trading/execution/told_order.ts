/** What the exchange's message about an order means for its placement. Pure. */

import type { OwnOrder } from "../../exchange/stream/own_order.ts";
import type { FinalFacts, Placement, Settlement } from "../record/recorded_placement.ts";
import { LIKELY_ID } from "./likely_id.ts";
import { endingOf } from "./open_orders.ts";

/** What to record of a placement, and whether to look up its end. */
export interface Told {
  /** It exists, and the record does not say so yet. */
  readonly settlement?: Settlement;
  /** It has traded completely, which nothing can change any more. */
  readonly facts?: FinalFacts;
  /** It has ended, and only a lookup shows how: what it traded, and whether it was cancelled or ended early. */
  readonly isLookedUp: boolean;
}

/** `undefined` when the message is about another order than the placement's. */
export function toldOf(placement: Placement, order: OwnOrder): Told | undefined {
  const isOther = placement.orderId !== null && placement.orderId !== order.orderId;
  if (isOther || placement.order.pair !== order.pair) return undefined;
  const isKnown = placement.state === "placed";
  // An id of another form is only accepted after looking up the order, as in the answer to its request.
  if (!isKnown && !LIKELY_ID.test(order.orderId)) return { isLookedUp: true };
  const settlement: Settlement = { state: "placed", orderId: order.orderId };
  const facts = isKnown && !placement.isOpen ? undefined : filledFacts(placement, order);
  return {
    ...(isKnown ? {} : { settlement }),
    ...(facts === undefined ? {} : { facts }),
    isLookedUp: facts === undefined && order.status === "COMPLETE" && (placement.isOpen || !isKnown),
  };
}

/** The totals of a fully traded order, by the same rule as in lookups. */
function filledFacts({ order: { type, volume } }: Placement, told: OwnOrder): FinalFacts | undefined {
  const { base, counter, feeBase, feeCounter } = told;
  // The exchange reports no volume of a market order; its end is looked up.
  if (type === "market" || volume === undefined) return undefined;
  const times = { completed_timestamp: 0, expiration_timestamp: 0 };
  const status = endingOf({ type: "LIMIT", status: "PENDING", base, limit_volume: volume, ...times });
  return status === undefined ? undefined : { base, counter, feeBase, feeCounter, status };
}
