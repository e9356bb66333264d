/** The result of a cancellation for the caller. Never "cancelled" for an order that may still be live. */

import type { ToolErrorCode } from "../../errors/error_table.ts";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { Order as ExchangeOrder } from "../../exchange/order_schemas.ts";
import type { Placement } from "../record/recorded_placement.ts";
import type { Ending } from "./open_orders.ts";

/** An order that is final, and how it ended: by a cancellation, filled before it, or ended by the exchange. */
export interface EndedOrder {
  readonly status: Ending;
  readonly order_id: string;
  readonly client_order_id?: string;
  readonly pair: string;
  readonly side: "BUY" | "SELL";
  /** The total traded volume. */
  readonly filled_volume: string;
  readonly filled_value: string;
  readonly fee_base: string;
  readonly fee_counter: string;
  /** Base volume that was not traded; absent for a market order to buy. */
  readonly unfilled_volume?: string;
}

/**
 * The order may still be live: it did not become final in time, its existence is uncertain, or (`unknown`) the exchange
 * reports an undocumented status.
 */
export interface OpenOrder {
  readonly status: "open" | "unknown";
  readonly order_id?: string;
  readonly client_order_id?: string;
  readonly reason: ToolErrorCode;
  readonly message: string;
}

/** There is no such order. */
export interface MissingOrder {
  readonly status: "not_found";
  readonly order_id?: string;
  readonly client_order_id?: string;
  readonly message: string;
}

/** The result of one cancellation. */
export type CancelResult = EndedOrder | OpenOrder | MissingOrder;

/** The result for a final order. */
export function endedOrder(
  order: ExchangeOrder,
  { ending, placement }: { readonly ending: Ending; readonly placement: Placement | undefined },
): EndedOrder {
  const clientOrderId = placement?.clientOrderId ?? order.client_order_id;
  const wanted = parseDecimal(order.limit_volume);
  const filled = parseDecimal(order.base);
  const unfilled = filled.gte(wanted) ? "0" : formatDecimal(wanted.minus(filled));
  return {
    status: ending,
    order_id: order.order_id,
    ...(clientOrderId === "" ? {} : { client_order_id: clientOrderId }),
    pair: order.pair,
    side: order.side,
    filled_volume: order.base,
    filled_value: order.counter,
    fee_base: order.fee_base,
    fee_counter: order.fee_counter,
    ...(wanted.eq(0) ? {} : { unfilled_volume: unfilled }),
  };
}

/** The result for an order that did not become final in time. */
export function stillOpen(orderId: string, reason: ToolErrorCode): OpenOrder {
  const message = `Cannot say that order ${orderId} is cancelled as it was not seen final in time: ask again`;
  return { status: "open", order_id: orderId, reason, message };
}

/** The result for an order with an undocumented status. */
export function unknownStanding(orderId: string): OpenOrder {
  return {
    status: "unknown",
    order_id: orderId,
    reason: "ERR_STATUS_UNKNOWN",
    message:
      `Cannot say that order ${orderId} is cancelled as the exchange has it in a status that is not known here: ` +
      "the cancellation was sent, check the order later",
  };
}

/** The result for an order that existed a moment ago and that the exchange now says it does not know. */
export function outOfSight(orderId: string): OpenOrder {
  return {
    status: "unknown",
    order_id: orderId,
    reason: "ERR_NOT_FINAL",
    message:
      `Cannot say that order ${orderId} is cancelled as the exchange, which had it before, says now that it does not ` +
      "know it: the cancellation was sent, ask again",
  };
}

/** Tells whether an order is final. */
export function isEnded(result: CancelResult): result is EndedOrder {
  return !mayLive(result) && result.status !== "not_found";
}

/** Tells whether an order may still be live. */
export function mayLive(result: CancelResult): result is OpenOrder {
  return result.status === "open" || result.status === "unknown";
}

/** The sentence for an order that does not exist. */
export function noSuchOrder(): string {
  return "Cannot cancel the order as the exchange knows none of this id: check the id";
}
