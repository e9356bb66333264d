/** Converts orders and fills to rows and back. */

import type { TradedMarket } from "../../../simulation/engine/market.ts";
import type { Stop } from "../../../simulation/engine/orders.ts";
import type { LedgerOrder, LedgerTrade } from "../../../simulation/paper/ledger_values.ts";
import { marketOfTerms } from "../../../simulation/paper/paper_market.ts";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";

/** The columns of an order. */
export const ORDER_COLUMNS = [
  "id",
  "identity",
  "client_order_id",
  "pair",
  "base_currency",
  "counter_currency",
  "price_scale",
  "volume_scale",
  "fee_scale",
  "maker_fee",
  "taker_fee",
  "side",
  "type",
  "time_in_force",
  "post_only",
  "limit_price",
  "limit_volume",
  "budget",
  "stop_price",
  "stop_direction",
  "base_account_id",
  "counter_account_id",
  "created_at",
  "status",
  "filled",
  "base",
  "counter",
  "fee_base",
  "fee_counter",
  "reserved",
  "due_at",
  "completed_at",
  "cancelled_at",
  "updated_at",
  "seen_sequence",
] as const;

/** The columns that change in the life of an order: everything from the status on. */
export const CHANGING_COLUMNS = ORDER_COLUMNS.slice(ORDER_COLUMNS.indexOf("status"));

/** The row of an order, by column. */
export function toRow(identity: string, order: LedgerOrder): Record<string, string | number | null> {
  const { market } = order;
  return {
    id: order.id,
    identity,
    client_order_id: order.clientOrderId === "" ? null : order.clientOrderId,
    pair: market.id,
    base_currency: market.base,
    counter_currency: market.counter,
    price_scale: market.priceScale,
    volume_scale: market.volumeScale,
    fee_scale: market.feeScale,
    maker_fee: market.makerFee,
    taker_fee: market.takerFee,
    side: order.side,
    type: order.type,
    time_in_force: order.timeInForce,
    post_only: Number(order.postOnly),
    limit_price: order.limitPrice,
    limit_volume: order.limitVolume,
    budget: order.budget,
    stop_price: order.stop?.price ?? null,
    stop_direction: order.stop?.direction ?? null,
    base_account_id: order.baseAccountId,
    counter_account_id: order.counterAccountId,
    created_at: order.createdAt,
    status: order.status,
    filled: order.filled,
    base: order.base,
    counter: order.counter,
    fee_base: order.feeBase,
    fee_counter: order.feeCounter,
    reserved: order.reserved,
    due_at: order.dueAt,
    completed_at: order.completedAt,
    cancelled_at: order.cancelledAt,
    updated_at: order.updatedAt,
    seen_sequence: order.seen,
  };
}

/** Parses an order. */
export function toOrder(row: Row): LedgerOrder {
  return {
    id: readText(row, "id"),
    clientOrderId: row.client_order_id === null ? "" : readText(row, "client_order_id"),
    market: marketOf(row),
    side: readWord(row, "side", ["BUY", "SELL"]),
    type: readWord(row, "type", ["LIMIT", "MARKET", "STOP_LIMIT"]),
    status: readWord(row, "status", ["AWAITING", "PENDING", "COMPLETE"]),
    timeInForce: readWord(row, "time_in_force", ["GTC", "IOC", "FOK"]),
    postOnly: readNumber(row, "post_only") === 1,
    limitPrice: readNumber(row, "limit_price"),
    limitVolume: readNumber(row, "limit_volume"),
    budget: readTextOrNull(row, "budget"),
    stop: stopOf(row),
    baseAccountId: readText(row, "base_account_id"),
    counterAccountId: readText(row, "counter_account_id"),
    createdAt: readNumber(row, "created_at"),
    filled: readNumber(row, "filled"),
    base: readText(row, "base"),
    counter: readText(row, "counter"),
    feeBase: readText(row, "fee_base"),
    feeCounter: readText(row, "fee_counter"),
    reserved: readText(row, "reserved"),
    dueAt: readOptionalNumber(row, "due_at") ?? null,
    completedAt: readNumber(row, "completed_at"),
    cancelledAt: readNumber(row, "cancelled_at"),
    updatedAt: readNumber(row, "updated_at"),
    seen: readNumber(row, "seen_sequence"),
  };
}

/** Parses a fill from a row that contains its order too. */
export function toTrade(row: Row): LedgerTrade {
  const { market, id, clientOrderId, side } = toOrder(row);
  return {
    market,
    orderId: id,
    clientOrderId,
    side,
    sequence: readNumber(row, "sequence"),
    isBuy: readNumber(row, "is_buy") === 1,
    timestamp: readNumber(row, "timestamp"),
    price: readNumber(row, "price"),
    volume: readNumber(row, "volume"),
    counter: readText(row, "fill_counter"),
    feeBase: readText(row, "fill_fee_base"),
    feeCounter: readText(row, "fill_fee_counter"),
  };
}

function marketOf(row: Row): TradedMarket {
  return marketOfTerms({
    id: readText(row, "pair"),
    base: readText(row, "base_currency"),
    counter: readText(row, "counter_currency"),
    priceScale: readNumber(row, "price_scale"),
    volumeScale: readNumber(row, "volume_scale"),
    feeScale: readNumber(row, "fee_scale"),
    makerFee: readText(row, "maker_fee"),
    takerFee: readText(row, "taker_fee"),
  });
}

function stopOf(row: Row): Stop | null {
  const price = readOptionalNumber(row, "stop_price");
  return price === undefined ? null : { price, direction: readWord(row, "stop_direction", ["ABOVE", "BELOW"]) };
}

/** Parses a column with one of some words. */
export function readWord<const Word extends string>(row: Row, column: string, words: readonly Word[]): Word {
  const text = readText(row, column);
  const word = words.find((known) => known === text);
  if (word === undefined) {
    throw new TypeError(`Cannot read column ${column} as it must be ${words.join(" or ")}: current value is ${text}`);
  }
  return word;
}
