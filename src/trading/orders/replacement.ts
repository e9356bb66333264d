/** Computes the order that replaces one on the book. */

import type { Exchange } from "../../market/exchange_port.ts";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { finalStandingOf, standingOf } from "../../exchange/order_standing.ts";
import type { Order as ExchangeOrder } from "../../exchange/order_schemas.ts";
import type { OrderReference } from "./order.ts";
import type { Order, OrderRequest } from "./order.ts";
import { TradingError } from "./trading_error.ts";

/** The changes of an order; absent fields stay unchanged. */
export interface Replacement {
  readonly target: OrderReference;
  readonly price?: string | undefined;
  /** Base to be on the book from now on; by default the untraded rest. */
  readonly volume?: string | undefined;
  readonly postOnly?: boolean | undefined;
  readonly idempotencyKey?: string | undefined;
}

/**
 * The order at the exchange.
 *
 * @throws {ExchangeError} `ERR_NOT_FOUND`
 */
export async function findReplaced(
  exchange: Pick<Exchange, "call">,
  target: OrderReference,
  signal: AbortSignal,
): Promise<ExchangeOrder> {
  const query = "orderId" in target ? { id: target.orderId } : { client_order_id: target.clientOrderId };
  return await exchange.call("getOrder", query, { signal, fresh: true });
}

/**
 * The new order in full. Terms that are not known here could not be preserved.
 *
 * @throws {TradingError} when the old order is final, has no price to change, or has terms that are not known here
 */
export function replacementOf(old: ExchangeOrder, { price, volume, postOnly }: Replacement): OrderRequest {
  if (finalStandingOf(old) !== undefined) throw refuse(old, "it is final: place a new one");
  if (standingOf(old) === "unknown") throw refuse(old, "its status is not known here: check it later");
  if (old.type === "MARKET") throw refuse(old, "a market order has no terms to change");
  const unknown = unknownTerm(old);
  if (unknown !== undefined) throw refuse(old, `its ${unknown} is not known here: cancel it and place a new one`);
  const rest = parseDecimal(old.limit_volume).minus(parseDecimal(old.base));
  return {
    pair: old.pair,
    side: old.side,
    type: old.type === "STOP_LIMIT" ? "stop_limit" : "limit",
    volume: volume ?? formatDecimal(rest),
    price: price ?? old.limit_price,
    ...(postOnly === undefined ? {} : { post_only: postOnly }),
    ...(old.type === "STOP_LIMIT"
      ? { stop_price: old.stop_price, stop_direction: old.stop_direction === "ABOVE" ? "ABOVE" : "BELOW" }
      : {}),
  };
}

/**
 * Compares the exchange's data of an order with what was placed under its id: a difference in side, pair, price or
 * volume would lead to a wrong order.
 *
 * @throws {TradingError} when the exchange shows another order
 */
export function assertAsPlaced(old: ExchangeOrder, placed: Order): void {
  const { price, volume, stopPrice } = placed;
  const differs = [
    old.pair === placed.pair ? undefined : "pair",
    old.side === placed.side ? undefined : "side",
    old.type === EXCHANGE_TYPES[placed.type] ? undefined : "type",
    price === undefined || isEqual(old.limit_price, price) ? undefined : "price",
    volume === undefined || isEqual(old.limit_volume, volume) ? undefined : "volume",
    stopPrice === undefined || isEqual(old.stop_price, stopPrice) ? undefined : "stop price",
  ].filter((name) => name !== undefined);
  if (differs.length === 0) return;
  throw refuse(
    old,
    `the exchange shows it with another ${differs.join(", ")} than it was placed with: check it later`,
  );
}

const EXCHANGE_TYPES = { limit: "LIMIT", market: "MARKET", stop_limit: "STOP_LIMIT" } as const;

function isEqual(one: string, other: string): boolean {
  return parseDecimal(one).eq(parseDecimal(other));
}

function unknownTerm({ type, time_in_force, stop_direction }: ExchangeOrder): string | undefined {
  if (type === "UNKNOWN") return "type";
  if (time_in_force === "UNKNOWN") return "time in force";
  return type === "STOP_LIMIT" && stop_direction !== "ABOVE" && stop_direction !== "BELOW"
    ? "stop direction"
    : undefined;
}

/** The request for an exact order. */
export function requestOf(order: Order): OrderRequest {
  const { pair, side, type, volume, counterVolume, price, timeInForce, postOnly, stopPrice, stopDirection } = order;
  return {
    ...{ pair, side, type, volume, price },
    counter_volume: counterVolume,
    time_in_force: timeInForce,
    post_only: postOnly,
    stop_price: stopPrice,
    stop_direction: stopDirection,
  };
}

/** An order that is to be replaced. */
export interface ReplacedOrder {
  /** As the exchange reports it, which is not complete. */
  readonly old: ExchangeOrder;
  /** As it was sent. */
  readonly placed: Order;
}

/**
 * Tells whether the new order only asks for less of the same. A post-only order must stay post-only, or the new one
 * could take what the old one could not; becoming post-only asks for no more than was confirmed.
 */
export function isReducing(order: Order, { old, placed }: ReplacedOrder): boolean {
  const rest = parseDecimal(old.limit_volume).minus(parseDecimal(old.base));
  const isTakerAnew = placed.postOnly === true && order.postOnly !== true;
  const isSame = order.side === placed.side && order.type === placed.type && order.stopPrice === placed.stopPrice &&
    order.timeInForce === placed.timeInForce;
  return isSame && !isTakerAnew && order.price !== undefined && order.volume !== undefined &&
    parseDecimal(order.price).eq(parseDecimal(old.limit_price)) && parseDecimal(order.volume).lte(rest);
}

function refuse({ order_id }: ExchangeOrder, reason: string): TradingError {
  return new TradingError(`Cannot replace order ${order_id} as ${reason}`, { code: "ERR_ORDER_NOT_REPLACEABLE" });
}
