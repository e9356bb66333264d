/** What all parts of an order executor share. */

import type { LiveAccount } from "../../market/live/live_account.ts";
import type { Sleep } from "../../timing/sleep.ts";
import type { Halt } from "../policy/halt.ts";
import type { Audit } from "../record/audit.ts";
import type { ExchangeClock, TradingExchange } from "./exchange_clock.ts";
import type { Journal } from "../record/journal.ts";
import type { OrderVenue } from "../orders/trading_account.ts";
import type { PlacementScope } from "../record/recorded_placement.ts";
import type { ReplacementClaims } from "../record/replacement_claims.ts";
import type { OrderWakes } from "./order_wakes.ts";
import type { LookParts } from "./reconcile.ts";
import type { PendingWrites } from "./pending_writes.ts";

/** What an executor needs of the journal. */
export type ExecutorJournal = Pick<
  Journal,
  | "begin"
  | "wouldRefuse"
  | "repeat"
  | "withdraw"
  | "forgetIntent"
  | "settle"
  | "close"
  | "find"
  | "findByOrderId"
  | "findByKey"
  | "unsettled"
  | "open"
>;

/** What an executor needs of the record. */
export interface ExecutorRecord {
  readonly journal: ExecutorJournal;
  readonly replacements: Pick<ReplacementClaims, "claim" | "release">;
  readonly audit: Pick<Audit, "record">;
}

/** The account of an executor and its venue: it looks up and settles orders of this scope only. */
export interface ExecutorScope extends PlacementScope, OrderVenue {
  readonly account: string;
  readonly venue: string;
  /** The owner of a paper account; absent for an account of all identities. */
  readonly identity?: string | undefined;
}

/** The process that an executor is part of. */
export interface ExecutorInstance {
  /** Recorded with its placements. */
  readonly id: string;
  /**
   * Takes over the placements that ended processes left open, and returns how many; a short command takes over none.
   */
  takeOver(): Promise<number>;
}

/** The exchange's own messages about our orders, while somebody needs them. */
export type AccountNews = Pick<LiveAccount, "follow" | "need">;

/** Parts of an executor; there is one per account, on paper one per identity. */
export interface ExecutorOptions {
  readonly exchange: TradingExchange;
  readonly record: ExecutorRecord;
  readonly scope: ExecutorScope;
  readonly instance: ExecutorInstance;
  /**
   * A halt of this process that the record does not contain yet.
   *
   * @default none
   */
  readonly pendingHalt?: () => Halt;
  /**
   * Checks for a policy that was published elsewhere; returns whether another one is in force.
   *
   * @default never
   */
  readonly policyChanged?: () => Promise<boolean>;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. @default performance.now */
  readonly monotonic?: () => number;
  readonly sleep?: Sleep;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
  /**
   * Messages of the exchange about our orders.
   *
   * @default none
   */
  readonly news?: AccountNews | undefined;
}

/** The parts, as the executor shares them with its components. */
export interface ExecutorParts extends LookParts, ExecutorRecord {
  readonly exchange: TradingExchange;
  readonly clock: ExchangeClock;
  readonly scope: ExecutorScope;
  readonly instance: ExecutorInstance;
  readonly pendingHalt: () => Halt;
  readonly policyChanged: () => Promise<boolean>;
  readonly now: () => number;
  readonly news: AccountNews | undefined;
  readonly wakes: OrderWakes;
  /** Changes that have happened and still have to be recorded. */
  readonly pendingWrites: PendingWrites;
}
