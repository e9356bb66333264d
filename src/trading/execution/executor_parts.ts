/** What every part of a trading executor stands on. */

import type { Sleep } from "../../timing/sleep.ts";
import type { Audit } from "../record/audit.ts";
import type { Eventual } from "../record/eventual.ts";
import type { ExchangeClock, TradingExchange } from "./exchange_clock.ts";
import type { Journal } from "../record/journal.ts";
import type { ReplacementClaims } from "../record/replacement_claims.ts";
import type { LookParts } from "./reconcile.ts";
import type { PendingWrites } from "./pending_writes.ts";

/** What an executor needs of the journal. */
export type ExecutorJournal =
  & { readonly replacements: Eventual<Pick<ReplacementClaims, "claim" | "release">> }
  & Eventual<
    Pick<
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
    >
  >;

/** The process that an executor is part of. */
export interface ExecutorInstance {
  /** What its placements are marked with. */
  readonly id: string;
  /** Takes over what ended processes left undone, and answers how many placements; a short command takes over nothing. */
  takeOver(): number | Promise<number>;
}

/** What an executor is made of; one executor for each exchange, the real one and paper. */
export interface ExecutorOptions {
  readonly exchange: TradingExchange;
  readonly journal: ExecutorJournal;
  readonly audit: Eventual<Pick<Audit, "record">>;
  readonly instance: ExecutorInstance;
  /** Whether its orders are paper ones. */
  readonly paper: boolean;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Monotonic milliseconds. @default performance.now */
  readonly monotonic?: () => number;
  readonly sleep?: Sleep;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** The parts as the executor shares them out. */
export interface ExecutorParts extends LookParts {
  readonly exchange: TradingExchange;
  readonly clock: ExchangeClock;
  readonly journal: ExecutorJournal;
  readonly audit: Eventual<Pick<Audit, "record">>;
  readonly instance: ExecutorInstance;
  readonly paper: boolean;
  readonly now: () => number;
  /** What has happened and is still to be written. */
  readonly pendingWrites: PendingWrites;
}
