/** Orders and their fills as values. */

import type Big from "big.js";
import type { TradedMarket } from "./market.ts";
import { DAY_MS } from "../days.ts";
import type { Side, TimeInForce } from "./matching.ts";

/** AWAITING: not on the book yet; PENDING: on the book; COMPLETE: filled or cancelled. */
export type OrderStatus = "AWAITING" | "PENDING" | "COMPLETE";

/** The trigger of a stop-limit order; `price` in ticks. */
export interface Stop {
  readonly price: number;
  readonly direction: "ABOVE" | "BELOW";
}

/** One state of an order. Prices in ticks, volumes in lots, the rest in currency units. */
export interface Order {
  readonly id: string;
  /** Empty when the owner gave none. */
  readonly clientOrderId: string;
  readonly market: TradedMarket;
  readonly side: Side;
  readonly type: "LIMIT" | "MARKET" | "STOP_LIMIT";
  readonly status: OrderStatus;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  /** 0 for market orders. */
  readonly limitPrice: number;
  /** 0 for market buys. */
  readonly limitVolume: number;
  /** What a market buy may spend, in counter currency; `null` for every other order. */
  readonly budget: Big | null;
  readonly stop: Stop | null;
  readonly baseAccountId: string;
  readonly counterAccountId: string;
  /** Lots filled so far. */
  readonly filled: number;
  readonly base: Big;
  readonly counter: Big;
  readonly feeBase: Big;
  readonly feeCounter: Big;
  /** Reserved in the base account of a SELL or the counter account of a BUY. */
  readonly reserved: Big;
  readonly createdAt: number;
  /** When it reaches the book; `null` while a stop waits for its trigger. */
  readonly dueAt: number | null;
  /** 0 while the order is live. */
  readonly completedAt: number;
  /** When the owner's cancellation was processed, else 0. */
  readonly cancelledAt: number;
  readonly updatedAt: number;
  /** The latest numbered trade of others that it has met or was too late for; 0 without such trades. */
  readonly seen: number;
}

/** One fill of an own order, as in `listtrades`. */
export interface UserTrade {
  readonly market: TradedMarket;
  readonly sequence: number;
  readonly orderId: string;
  readonly clientOrderId: string;
  readonly side: Side;
  /** Whether the taker bought. */
  readonly isBuy: boolean;
  readonly timestamp: number;
  readonly price: number;
  readonly volume: number;
  readonly counter: Big;
  readonly feeBase: Big;
  readonly feeCounter: Big;
}

/** The filter of a list of orders. */
export interface OrderFilter {
  readonly pair?: string | undefined;
  readonly closed?: boolean | undefined;
  /** Exclusive, by creation time. */
  readonly createdBefore?: number | undefined;
  readonly limit: number;
  /** The time whose state is wanted. */
  readonly atMs: number;
}

/** How long after its completion an order is listed. */
export const ARCHIVE_AFTER_MS = 100 * DAY_MS;
