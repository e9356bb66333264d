/**
 * The paper ledger: accounts, orders and fills of every identity, and what their orders took from the real book. Engines
 * stand in `state/record/`; whatever they are, each operation happens whole or not at all, and has happened when it is
 * answered. What an order does to the accounts is decided by `trading.ts`, with which engines end up with the same.
 */

import type { PublicTrade } from "../../exchange/schemas.ts";
import type { TradedMarket } from "../engine/market.ts";
import type { Side } from "../engine/matching.ts";
import type { OrderFilter } from "../engine/orders.ts";
import type { AccountRow, LedgerDraft, LedgerOrder, LedgerTrade } from "./ledger_values.ts";
import type { RealBook } from "./real_book.ts";

/** One account of an identity; amounts are decimal strings. */
export interface PaperAccount {
  readonly id: string;
  readonly currency: string;
  readonly balance: string;
  readonly available: string;
  /** Number of rows that it ever had. */
  readonly rows: number;
}

/** Whose orders in which market; orders of another scale are counted in other ticks. */
export interface MarketKey {
  readonly identity: string;
  readonly market: Pick<TradedMarket, "id" | "priceScale" | "volumeScale">;
}

/** An identity and a market, with everything that matching needs of it. */
export interface AccountMarket extends MarketKey {
  readonly market: TradedMarket;
}

/** Lots of the real book that an identity's orders took at one price. */
export interface TakenLevel {
  /** The side of the orders that were taken. */
  readonly side: Side;
  /** In ticks. */
  readonly price: number;
  readonly lots: number;
  /** When it is forgotten, in milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

/** An order to take, and the real market that it meets. */
export interface OrderPlacement {
  readonly identity: string;
  readonly draft: LedgerDraft;
  /** `null` where it plays no part. */
  readonly book: RealBook | null;
  /** The newest real trade that it is too late for. */
  readonly seen: number;
  /** When it is taken, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** When it must no longer be taken: a moment of the system's clock, which engines read themselves; may be infinite. */
  readonly expiresMs: number;
}

/** What an account's waiting orders in a market meet: trades in any order, and the book of this moment. */
export interface MarketMeeting extends AccountMarket {
  readonly trades: readonly PublicTrade[];
  readonly book: RealBook;
  readonly nowMs: number;
}

/** Which fills in a market; `since` and `afterSequence` are inclusive, `before` and `beforeSequence` exclusive. */
export interface TradeFilter {
  readonly pair: string;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number | undefined;
  readonly before?: number | undefined;
  readonly afterSequence?: number | undefined;
  readonly beforeSequence?: number | undefined;
  /** @default false */
  readonly newestFirst?: boolean;
  /** @default all that are kept */
  readonly limit?: number;
}

/** An order's name: the exchange's or its owner's. */
export type OrderName = { readonly id: string } | { readonly clientOrderId: string };

/**
 * The paper ledger; several processes may have it open. No identity sees what is another's.
 *
 * Every operation rejects with a `StateError` where it cannot be done, and has changed nothing then unless that says so.
 * Moments are milliseconds since the Unix epoch.
 */
export interface PaperLedger {
  /**
   * Opens an account in each currency, and in each in which identities start with something; answers all accounts of the
   * identity, by currency.
   *
   * @throws {Refusal} ErrAccountLimit beyond a thousand identities or currencies
   */
  openAccounts(
    of: { readonly identity: string; readonly currencies: readonly string[]; readonly nowMs: number },
  ): Promise<readonly PaperAccount[]>;
  /** One account. */
  account(of: { readonly identity: string; readonly id: string }): Promise<PaperAccount | undefined>;
  /** The rows of an account with `from <= index < to`, oldest first; the oldest ones of a long one are gone. */
  rows(
    of: { readonly identity: string; readonly id: string; readonly from: number; readonly to: number },
  ): Promise<readonly AccountRow[]>;
  /**
   * What tells an identity's accounts from those of others, and from its own before they were last reset. One that is new
   * gets one.
   *
   * @throws {Refusal} ErrAccountLimit beyond a thousand identities
   */
  epochOf(identity: string): Promise<string>;
  /**
   * Takes an order: holds it against what is there, fills what the book gives and lets the rest wait.
   *
   * @throws {Refusal} for everything that the exchange would refuse; nothing has happened then
   */
  place(placement: OrderPlacement): Promise<LedgerOrder>;
  /** Cancels an order that waits; answers whether there was one. */
  cancel(order: { readonly identity: string; readonly id: string; readonly nowMs: number }): Promise<boolean>;
  /** Lets trades and the book of a real market fill what waits in it, and wake the stops that they reach. */
  meet(meeting: MarketMeeting): Promise<void>;
  /** One order. */
  order(identity: string, by: OrderName): Promise<LedgerOrder | undefined>;
  /** Orders by filter, newest first; those archived 100 days after completion are left out. */
  orders(identity: string, filter: OrderFilter): Promise<readonly LedgerOrder[]>;
  /** Fills in a market. */
  trades(identity: string, filter: TradeFilter): Promise<readonly LedgerTrade[]>;
  /** What an identity's orders took from the real book of a market. */
  taken(of: MarketKey): Promise<readonly TakenLevel[]>;
  /** The pairs in which orders wait, in alphabetical order. */
  livePairs(): Promise<readonly string[]>;
  /** Whose orders wait in a market: one of each account. */
  liveMarkets(pair: string): Promise<readonly AccountMarket[]>;
  /**
   * Drops orders, fills and what was taken of one identity, or of all, and puts the accounts back to what identities start
   * with; their numbers stay. Answers whether there were any.
   */
  reset(of: { readonly identity?: string | undefined; readonly nowMs: number }): Promise<boolean>;
  /** Ends the use of it. */
  close(): Promise<void>;
}
