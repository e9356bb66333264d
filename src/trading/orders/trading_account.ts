/**
 * The accounts on which orders are placed. The record keeps daily use, open orders, idempotency keys, replacements and
 * cancel requests per account. An account's exchange, credentials, call budget and circuit breaker are assembled in the
 * server.
 */

/** Real orders, or paper orders. */
export type OrderKind = "real" | "paper";

/** An account, for trading. */
export interface TradingAccount {
  /** Unchanged by restarts and equal on every server that shares the record; never reused for another account. */
  readonly id: string;
  /** Whether its orders reach an exchange. On paper, each identity has its own funds and orders. */
  readonly kind: OrderKind;
}

/** The exchange account of the configured API key. */
export const MAIN_ACCOUNT: TradingAccount = { id: "main", kind: "real" };

/** The account of identities that trade on paper. */
export const PAPER_ACCOUNT: TradingAccount = { id: "paper", kind: "paper" };

/** The kind of an account's orders; all accounts but one are real. */
export function kindOf(account: string): OrderKind {
  return account === PAPER_ACCOUNT.id ? "paper" : "real";
}

/** The kinds of orders of these accounts, each once. */
export function kindsOf(accounts: readonly string[]): OrderKind[] {
  return [...new Set(accounts.map(kindOf))];
}

/** Whether an account's orders never reach an exchange. */
export function isPaper(account: string): boolean {
  return kindOf(account) === "paper";
}

/** The place of an order. */
export interface OrderVenue {
  /** The id of its account. */
  readonly account: string;
  /**
   * The run of a simulated exchange, or the state of a paper account since its last reset; `""` for a lasting exchange.
   */
  readonly venue: string;
}
