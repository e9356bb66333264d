/**
 * The content of a paper ledger as plain data: amounts are decimal strings, so that any engine can store and send them.
 */

import Big from "big.js";
import { formatDecimal } from "../../money/decimals.ts";
import type { LedgerRow } from "../engine/ledger.ts";
import type { OrderDraft } from "../engine/order_draft.ts";
import type { Order, UserTrade } from "../engine/orders.ts";

/** The same with decimal strings instead of `Big` amounts. */
export type Plain<Value> = Value extends Big ? string
  : Value extends object ? { readonly [Name in keyof Value]: Plain<Value[Name]> }
  : Value;

/** One state of an order. */
export type LedgerOrder = Plain<Order>;

/** An order before it is accepted. */
export type LedgerDraft = Plain<OrderDraft>;

/** One fill of an own order. */
export type LedgerTrade = Plain<UserTrade>;

/** One row of an account, numbered from 1. */
export type AccountRow = Plain<LedgerRow>;

/** Serializes an order. */
export function writeOrder(order: Order): LedgerOrder {
  return {
    ...order,
    budget: order.budget?.toFixed() ?? null,
    base: order.base.toFixed(),
    counter: order.counter.toFixed(),
    feeBase: order.feeBase.toFixed(),
    feeCounter: order.feeCounter.toFixed(),
    reserved: order.reserved.toFixed(),
  };
}

/** Parses an order, for the engine. */
export function readOrder(order: LedgerOrder): Order {
  return {
    ...order,
    budget: order.budget === null ? null : new Big(order.budget),
    base: new Big(order.base),
    counter: new Big(order.counter),
    feeBase: new Big(order.feeBase),
    feeCounter: new Big(order.feeCounter),
    reserved: new Big(order.reserved),
  };
}

/** Serializes a draft. */
export function writeDraft(draft: OrderDraft): LedgerDraft {
  return { ...draft, budget: draft.budget?.toFixed() ?? null };
}

/** Parses a draft, for the engine. */
export function readDraft(draft: LedgerDraft): OrderDraft {
  return { ...draft, budget: draft.budget === null ? null : new Big(draft.budget) };
}

/** Serializes a fill. */
export function writeTrade(trade: UserTrade): LedgerTrade {
  const { counter, feeBase, feeCounter } = trade;
  return { ...trade, counter: counter.toFixed(), feeBase: feeBase.toFixed(), feeCounter: feeCounter.toFixed() };
}

/** Parses a fill. */
export function readTrade(trade: LedgerTrade): UserTrade {
  const { counter, feeBase, feeCounter } = trade;
  return { ...trade, counter: new Big(counter), feeBase: new Big(feeBase), feeCounter: new Big(feeCounter) };
}

/** Serializes a row. */
export function writeRow({ trade, ...row }: LedgerRow): AccountRow {
  return {
    ...row,
    balance: formatDecimal(row.balance),
    available: formatDecimal(row.available),
    balanceDelta: formatDecimal(row.balanceDelta),
    availableDelta: formatDecimal(row.availableDelta),
    ...(trade === undefined
      ? {}
      : { trade: { ...trade, price: formatDecimal(trade.price), volume: formatDecimal(trade.volume) } }),
  };
}

/** Parses a row. */
export function readRow({ trade, ...row }: AccountRow): LedgerRow {
  return {
    ...row,
    balance: new Big(row.balance),
    available: new Big(row.available),
    balanceDelta: new Big(row.balanceDelta),
    availableDelta: new Big(row.availableDelta),
    ...(trade === undefined ? {} : { trade: { ...trade, price: new Big(trade.price), volume: new Big(trade.volume) } }),
  };
}
