/**
 * The accounts that orders are placed on. What the record keeps of orders it keeps by account: day use, open orders,
 * idempotency keys, replacements, requests to cancel. An account's exchange, credentials, call budget and circuit breaker
 * are put together where the server is.
 */

/** Real orders, or paper ones. */
export type OrderKind = "real" | "paper";

/** An account as trading knows it. */
export interface TradingAccount {
  /** The same after a restart and on every server that shares the record; never given to another account. */
  readonly id: string;
  /** Whether its orders reach an exchange. On paper each identity has funds and orders of its own. */
  readonly kind: OrderKind;
}

/** The account at the exchange that the settings name. */
export const MAIN_ACCOUNT: TradingAccount = { id: "main", kind: "real" };

/** Where identities trade on paper. */
export const PAPER_ACCOUNT: TradingAccount = { id: "paper", kind: "paper" };

/** Orders of which kind an account has; all accounts but one are real. */
export function kindOf(account: string): OrderKind {
  return account === PAPER_ACCOUNT.id ? "paper" : "real";
}

/** Orders of which kinds these accounts have, each kind once. */
export function kindsOf(accounts: readonly string[]): OrderKind[] {
  return [...new Set(accounts.map(kindOf))];
}

/** Whether an account's orders never reach an exchange. */
export function isPaper(account: string): boolean {
  return kindOf(account) === "paper";
}

/** Where an order is. */
export interface OrderVenue {
  /** The id of its account. */
  readonly account: string;
  /** Which simulated exchange, or which accounts on paper since their last reset; `""` for an exchange that lasts. */
  readonly venue: string;
}
