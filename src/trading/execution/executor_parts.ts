/** What every part of a trading executor stands on. */

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

/** The one account of an executor, and the venue that it has there: what it looks up and settles is there. */
export interface ExecutorScope extends PlacementScope, OrderVenue {
  readonly account: string;
  readonly venue: string;
  /** Whose funds and orders they are, on paper; everybody's without. */
  readonly identity?: string | undefined;
}

/** The process that an executor is part of. */
export interface ExecutorInstance {
  /** What its placements are marked with. */
  readonly id: string;
  /** Takes over what ended processes left undone, and answers how many placements; a short command takes over nothing. */
  takeOver(): Promise<number>;
}

/** The exchange's word for own orders, for as long as somebody needs it. */
export type AccountNews = Pick<LiveAccount, "follow" | "need">;

/** What an executor is made of; one executor for each account, on paper for each identity. */
export interface ExecutorOptions {
  readonly exchange: TradingExchange;
  readonly record: ExecutorRecord;
  readonly scope: ExecutorScope;
  readonly instance: ExecutorInstance;
  /** A halt that counts in this process before the record holds it. @default there is none */
  readonly pendingHalt?: () => Halt;
  /** Looks for a policy that was published elsewhere; answers whether another one counts since. @default none is */
  readonly policyChanged?: () => Promise<boolean>;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. @default performance.now */
  readonly monotonic?: () => number;
  readonly sleep?: Sleep;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
  /** What the exchange tells of our orders by itself. @default nothing */
  readonly news?: AccountNews | undefined;
}

/** The parts as the executor shares them out. */
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
  /** What has happened and is still to be written. */
  readonly pendingWrites: PendingWrites;
}
