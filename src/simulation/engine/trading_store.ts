/** The engine's storage: orders and fills, and the ledgers that they change. */

import type { LedgerEntry, LedgerRow, Totals } from "./ledger.ts";
import type { Order, UserTrade } from "./orders.ts";

/** An account, for the engine. */
export interface TradingAccount {
  readonly ledger: {
    /** After the newest row. */
    readonly totals: Totals;
    /** @throws {RangeError} when it would overdraw, which is an error of the engine */
    append(entry: LedgerEntry): LedgerRow;
  };
}

/** The ledgers of the account holder. */
export interface TradingAccounts {
  /** @throws {Refusal} ErrAccountNotFound */
  get(id: string): TradingAccount;
}

/** The orders of one account holder. */
export interface TradingStore {
  /** The latest state of an order; `undefined` when it is no own order. */
  get(id: string): Order | undefined;
  /** The id of the order that has a client order id. */
  idOf(clientOrderId: string): string | undefined;
  /** Incomplete orders, oldest first. */
  live(): Iterable<Order>;
  /** Stores a new order or the next state of a known one, and returns it. */
  save(order: Order): Order;
  /** Stores a fill of a stored order. */
  record(trade: UserTrade): void;
}
