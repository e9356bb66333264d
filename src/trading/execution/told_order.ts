/** What the exchange's own word for an order means for the placement that it belongs to. Pure. */

import type { OwnOrder } from "../../exchange/stream/own_order.ts";
import type { FinalFacts, Placement, Settlement } from "../record/recorded_placement.ts";
import { LIKELY_ID } from "./likely_id.ts";
import { endingOf } from "./open_orders.ts";

/** What is to be written of a placement, and whether its end is to be looked up. */
export interface Told {
  /** It exists, and the record does not say so yet. */
  readonly settlement?: Settlement;
  /** All of it has traded, which nothing can change any more. */
  readonly facts?: FinalFacts;
  /** It is over, and only the order itself shows how: what it traded, and whether it was cancelled or ended early. */
  readonly isLookedUp: boolean;
}

/** `undefined` where what was told is of another order than the placement's. */
export function toldOf(placement: Placement, order: OwnOrder): Told | undefined {
  const isOther = placement.orderId !== null && placement.orderId !== order.orderId;
  if (isOther || placement.order.pair !== order.pair) return undefined;
  const isKnown = placement.state === "placed";
  // Another id is believed after a look at the order itself, as in the answer to its request.
  if (!isKnown && !LIKELY_ID.test(order.orderId)) return { isLookedUp: true };
  const settlement: Settlement = { state: "placed", orderId: order.orderId };
  const facts = isKnown && !placement.isOpen ? undefined : filledFacts(placement, order);
  return {
    ...(isKnown ? {} : { settlement }),
    ...(facts === undefined ? {} : { facts }),
    isLookedUp: facts === undefined && order.status === "COMPLETE" && (placement.isOpen || !isKnown),
  };
}

/** The totals of an order whose whole volume has traded, by the rule that look-ups go by. */
function filledFacts({ order: { type, volume } }: Placement, told: OwnOrder): FinalFacts | undefined {
  const { base, counter, feeBase, feeCounter } = told;
  // The exchange shows no volume of a market order; how it ended is looked up.
  if (type === "market" || volume === undefined) return undefined;
  const times = { completed_timestamp: 0, expiration_timestamp: 0 };
  const status = endingOf({ type: "LIMIT", status: "PENDING", base, limit_volume: volume, ...times });
  return status === undefined ? undefined : { base, counter, feeBase, feeCounter, status };
}
