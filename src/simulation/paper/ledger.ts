/**
 * The paper ledger: accounts, orders and fills of every identity, and the volume that their orders took from the real
 * book. The engines are in `state/record/`; each operation is atomic and durable once it has returned. `trading.ts`
 * decides the effect of orders on accounts, so all engines produce the same.
 */

import type { PublicTrade } from "../../exchange/market_schemas.ts";
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
  /** The number of rows that it ever had. */
  readonly rows: number;
}

/** An identity's orders in a market; with another scale, orders are counted in other ticks. */
export interface MarketKey {
  readonly identity: string;
  readonly market: Pick<TradedMarket, "id" | "priceScale" | "volumeScale">;
}

/** An identity and a market, with everything that matching needs. */
export interface AccountMarket extends MarketKey {
  readonly market: TradedMarket;
}

/** Lots of the real book that an identity's orders took at one price. */
export interface TakenLevel {
  /** The side of the orders that were taken from. */
  readonly side: Side;
  /** In ticks. */
  readonly price: number;
  readonly lots: number;
  /** When it is forgotten, in milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

/** An order to place, and the real market that it meets. */
export interface OrderPlacement {
  readonly identity: string;
  readonly draft: LedgerDraft;
  /** `null` when it is not needed. */
  readonly book: RealBook | null;
  /** The latest real trade that it is too late for. */
  readonly seen: number;
  /** When it is placed, in milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /**
   * When it must no longer be accepted: a time of the system's clock, which engines read themselves; may be infinite.
   */
  readonly expiresMs: number;
}

/** What an account's waiting orders in a market meet: trades in any order, and the present book. */
export interface MarketMeeting extends AccountMarket {
  readonly trades: readonly PublicTrade[];
  readonly book: RealBook;
  readonly nowMs: number;
}

/** Selects fills in a market; `since` and `afterSequence` are inclusive, `before` and `beforeSequence` exclusive. */
export interface TradeFilter {
  readonly pair: string;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number | undefined;
  readonly before?: number | undefined;
  readonly afterSequence?: number | undefined;
  readonly beforeSequence?: number | undefined;
  /** @default false */
  readonly newestFirst?: boolean;
  /** @default all that are stored */
  readonly limit?: number;
}

/** An order's id: the exchange's or its owner's. */
export type OrderName = { readonly id: string } | { readonly clientOrderId: string };

/**
 * The paper ledger; several processes may have it open. Identities do not see each other's data.
 *
 * Every operation rejects with a `StateError` when it fails, and has then changed nothing unless the error says so.
 * Times are milliseconds since the Unix epoch.
 */
export interface PaperLedger {
  /**
   * Opens an account in each currency, and in each one with an opening balance; returns all accounts of the identity,
   * by currency.
   *
   * @throws {Refusal} ErrAccountLimit beyond a thousand identities or currencies
   */
  openAccounts(
    of: { readonly identity: string; readonly currencies: readonly string[]; readonly nowMs: number },
  ): Promise<readonly PaperAccount[]>;
  /** One account. */
  account(of: { readonly identity: string; readonly id: string }): Promise<PaperAccount | undefined>;
  /** The rows of an account with `from <= index < to`, oldest first; the oldest rows of a long one are deleted. */
  rows(
    of: { readonly identity: string; readonly id: string; readonly from: number; readonly to: number },
  ): Promise<readonly AccountRow[]>;
  /**
   * A value that distinguishes an identity's accounts from those of others, and from its own before their last reset.
   * Created for a new identity.
   *
   * @throws {Refusal} ErrAccountLimit beyond a thousand identities
   */
  epochOf(identity: string): Promise<string>;
  /**
   * Places an order: checks it, fills what the book offers and lets the rest wait.
   *
   * @throws {Refusal} for everything that the exchange would refuse; nothing has changed then
   */
  place(placement: OrderPlacement): Promise<LedgerOrder>;
  /** Cancels a waiting order; returns whether there was one. */
  cancel(order: { readonly identity: string; readonly id: string; readonly nowMs: number }): Promise<boolean>;
  /** Lets trades and the book of a real market fill waiting orders, and trigger stops. */
  meet(meeting: MarketMeeting): Promise<void>;
  /** One order. */
  order(identity: string, by: OrderName): Promise<LedgerOrder | undefined>;
  /** Orders by filter, newest first; those archived 100 days after completion are omitted. */
  orders(identity: string, filter: OrderFilter): Promise<readonly LedgerOrder[]>;
  /** Fills in a market. */
  trades(identity: string, filter: TradeFilter): Promise<readonly LedgerTrade[]>;
  /** The volume that an identity's orders took from the real book of a market. */
  taken(of: MarketKey): Promise<readonly TakenLevel[]>;
  /** The pairs with waiting orders, in alphabetical order. */
  livePairs(): Promise<readonly string[]>;
  /** The markets with waiting orders, one entry per account. */
  liveMarkets(pair: string): Promise<readonly AccountMarket[]>;
  /**
   * Deletes orders, fills and taken volume of one identity, or of all, and resets the accounts to their opening
   * balances; their ids stay. Returns whether there were any.
   */
  reset(of: { readonly identity?: string | undefined; readonly nowMs: number }): Promise<boolean>;
  /** Closes it. */
  close(): Promise<void>;
}
