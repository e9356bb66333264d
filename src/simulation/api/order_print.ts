/** Orders and own fills in the exchange's form. */

import Big from "big.js";
import type { FeeRates } from "../../money/published_fees.ts";
import { bareNumber, printDecimal, printPrice, printVolume } from "./print_numbers.ts";
import type { Order, UserTrade } from "../engine/orders.ts";

/** An order in API version 1: no client order id, no stop, no accounts. */
export function printOrderV1(order: Order): object {
  return {
    order_id: order.id,
    creation_timestamp: order.createdAt,
    expiration_timestamp: order.cancelledAt,
    completed_timestamp: order.completedAt,
    type: typeV1(order),
    state: order.status === "COMPLETE" ? "COMPLETE" : "PENDING",
    pair: order.market.id,
    ...printLimits(order),
    ...printFilled(order),
    time_in_force: timeInForceOf(order),
  };
}

/** An order in API versions 2 and 3; account ids are bare 64-bit numbers here. */
export function printOrderV2(order: Order): object {
  return {
    order_id: order.id,
    client_order_id: order.clientOrderId,
    pair: order.market.id,
    side: order.side,
    type: order.type,
    status: order.status,
    time_in_force: timeInForceOf(order),
    ...printLimits(order),
    stop_price: printPrice(order.market, order.stop?.price ?? 0),
    stop_direction: order.stop?.direction ?? "",
    ...printFilled(order),
    base_account_id: bareNumber(order.baseAccountId),
    counter_account_id: bareNumber(order.counterAccountId),
    creation_timestamp: order.createdAt,
    expiration_timestamp: order.cancelledAt,
    completed_timestamp: order.completedAt,
  };
}

/** One own fill. */
export function printUserTrade(trade: UserTrade): object {
  const volume = printVolume(trade.market, trade.volume);
  return {
    pair: trade.market.id,
    sequence: trade.sequence,
    order_id: trade.orderId,
    client_order_id: trade.clientOrderId,
    type: trade.side === "BUY" ? "BID" : "ASK",
    timestamp: trade.timestamp,
    price: printPrice(trade.market, trade.price),
    volume,
    base: volume,
    counter: printDecimal(trade.counter),
    fee_base: printDecimal(trade.feeBase),
    fee_counter: printDecimal(trade.feeCounter),
    is_buy: trade.isBuy,
  };
}

/** Fees as fractions and the thirty-day volume in counter currency; the names without a side are those of buying. */
export function printFeeInfo(rates: FeeRates, thirtyDayVolume: Big): object {
  return {
    maker_fee: rates.maker_fee_buy,
    taker_fee: rates.taker_fee_buy,
    maker_fee_buy: rates.maker_fee_buy,
    maker_fee_sell: rates.maker_fee_sell,
    taker_fee_buy: rates.taker_fee_buy,
    taker_fee_sell: rates.taker_fee_sell,
    thirty_day_volume: printDecimal(thirtyDayVolume),
  };
}

function typeV1({ side, type }: Order): string {
  if (type === "MARKET") return side;
  return side === "BUY" ? "BID" : "ASK";
}

function timeInForceOf({ type, timeInForce }: Order): string {
  return type === "MARKET" ? "" : timeInForce;
}

/** A market order has no limits. */
function printLimits({ market, type, limitPrice, limitVolume }: Order): object {
  return {
    limit_price: printPrice(market, limitPrice),
    limit_volume: type === "MARKET" ? printDecimal(new Big(0)) : printVolume(market, limitVolume),
  };
}

function printFilled(order: Order): object {
  return {
    base: printDecimal(order.base),
    counter: printDecimal(order.counter),
    fee_base: printDecimal(order.feeBase),
    fee_counter: printDecimal(order.feeCounter),
  };
}
