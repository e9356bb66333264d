/** Where an engine keeps what it does: orders and fills, and the ledgers that they move. */

import type { LedgerEntry, LedgerRow, Totals } from "./ledger.ts";
import type { Order, UserTrade } from "./orders.ts";

/** An account as the engine moves it. */
export interface TradingAccount {
  readonly ledger: {
    /** After the newest row. */
    readonly totals: Totals;
    /** @throws {RangeError} when it would overdraw: a mistake of the engine */
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
  /** The newest state of an order; `undefined` for what is no own order. */
  get(id: string): Order | undefined;
  /** The id of the order that took a client order id. */
  idOf(clientOrderId: string): string | undefined;
  /** Orders that are not complete, oldest first. */
  live(): Iterable<Order>;
  /** Keeps a new order or the next state of a known one, and answers it. */
  save(order: Order): Order;
  /** Keeps a fill of an order that is kept itself. */
  record(trade: UserTrade): void;
}
