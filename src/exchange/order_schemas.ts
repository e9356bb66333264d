/** Schemas of orders, own fills and fees. `wire_types.ts` has the rules for reading values. */

import { z } from "zod";
import {
  Amount,
  AmountOrZero,
  Code,
  counted,
  Decimal,
  DecimalOrZero,
  Id,
  IdOrEmpty,
  Integer,
  rows,
  Text,
  Timestamp,
  TimestampOrZero,
  word,
} from "./wire_types.ts";

const TimeInForce = word(["GTC", "IOC", "FOK"], "");

const filled = {
  /** Filled so far, without fees. */
  base: Amount,
  counter: Amount,
  fee_base: DecimalOrZero,
  fee_counter: DecimalOrZero,
};

const times = {
  creation_timestamp: Timestamp,
  /** 0 while live; set when the order leaves the book. */
  completed_timestamp: TimestampOrZero,
  /** Set when a cancel was processed, else 0. */
  expiration_timestamp: TimestampOrZero,
};

/**
 * An order in API versions 2 and 3. `COMPLETE` means filled *or* cancelled: filled when `base` equals `limit_volume`,
 * cancelled by its owner when `expiration_timestamp` is set, otherwise ended early by the exchange.
 */
export const Order = z.object({
  order_id: Id,
  /** `""` when none was given. */
  client_order_id: Text,
  pair: Code,
  side: z.enum(["BUY", "SELL"]),
  type: word(["LIMIT", "MARKET", "STOP_LIMIT"]),
  /** `AWAITING`: not on the book yet. */
  status: word(["AWAITING", "PENDING", "COMPLETE"]),
  /** `""` for a market order. */
  time_in_force: TimeInForce,
  /** `"0"` for a market order. */
  limit_price: AmountOrZero,
  limit_volume: AmountOrZero,
  stop_price: AmountOrZero,
  stop_direction: word(["ABOVE", "BELOW"], ""),
  ...filled,
  base_account_id: IdOrEmpty,
  counter_account_id: IdOrEmpty,
  ...times,
});
export type Order = z.output<typeof Order>;

/** The side of an order. */
export type Side = Order["side"];

/** Answer of `listOrders`, newest first. */
export const OrderList = counted(z.object({ orders: rows(Order) }));
export type OrderList = z.output<typeof OrderList>;

/** The fields of an order that cancelling needs; unreadable texts are `""`, an unreadable time is 0. */
export const OrderId = z.object({
  order_id: Id,
  client_order_id: z.string().catch(""),
  pair: z.string().catch(""),
  creation_timestamp: Timestamp.catch(0),
});
export type OrderId = z.output<typeof OrderId>;

/** Answer of `listOpenOrderIds`, newest first. */
export const OrderIdList = counted(z.object({ orders: rows(OrderId) }));
export type OrderIdList = z.output<typeof OrderIdList>;

/** An order in API version 1; `type` is the side: BID and ASK for limit orders, BUY and SELL for market orders. */
export const OrderV1 = z.object({
  order_id: Id,
  pair: Code,
  type: z.enum(["BID", "ASK", "BUY", "SELL"]),
  state: word(["PENDING", "COMPLETE"]),
  time_in_force: TimeInForce,
  limit_price: AmountOrZero,
  limit_volume: AmountOrZero,
  ...filled,
  ...times,
});
export type OrderV1 = z.output<typeof OrderV1>;

/** Answer of `listOrdersV1`, newest first. */
export const OrderV1List = counted(z.object({ orders: rows(OrderV1) }));
export type OrderV1List = z.output<typeof OrderV1List>;

/** Answer of `postLimitOrder` and `postMarketOrder`: accepted, not necessarily on the book yet. */
export const PlacedOrder = z.object({ order_id: Id });
export type PlacedOrder = z.output<typeof PlacedOrder>;

/**
 * A fill of an own order. `type` is the side of that order, `is_buy` that of the taker: the order was the taker when
 * (type is BID) equals is_buy.
 */
export const UserTrade = z.object({
  pair: Code,
  sequence: Integer,
  order_id: Id,
  client_order_id: Text,
  type: z.enum(["BID", "ASK"]),
  is_buy: z.boolean(),
  timestamp: Timestamp,
  price: Amount,
  volume: Amount,
  base: Amount,
  counter: Amount,
  fee_base: DecimalOrZero,
  fee_counter: DecimalOrZero,
});
export type UserTrade = z.output<typeof UserTrade>;

/** Answer of `listUserTrades`. */
export const UserTradeList = counted(z.object({ trades: rows(UserTrade) }));
export type UserTradeList = z.output<typeof UserTradeList>;

/**
 * Fees of one pair as fractions (`"0.006"` is 0.6 %), as of the last midnight GMT; a maker fee may be negative. The
 * deprecated `maker_fee` and `taker_fee` are used when the rates by side are missing.
 */
export const FeeInfo = z.preprocess(
  withFeesBySide,
  z.object({
    maker_fee_buy: Decimal,
    maker_fee_sell: Decimal,
    taker_fee_buy: Decimal,
    taker_fee_sell: Decimal,
    thirty_day_volume: DecimalOrZero,
  }),
);
export type FeeInfo = z.output<typeof FeeInfo>;

function withFeesBySide(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const maker = "maker_fee" in value ? value.maker_fee : undefined;
  const taker = "taker_fee" in value ? value.taker_fee : undefined;
  const deprecated = { maker_fee_buy: maker, maker_fee_sell: maker, taker_fee_buy: taker, taker_fee_sell: taker };
  const written = Object.entries(value).filter(([, rate]) => rate !== null && rate !== "");
  return { ...deprecated, ...Object.fromEntries(written) };
}
