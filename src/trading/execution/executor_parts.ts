/** What every part of a trading desk stands on. */

import type { Sleep } from "../../exchange/deadline.ts";
import type { Audit } from "../record/audit.ts";
import type { ExchangeClock, TradingExchange } from "./exchange_clock.ts";
import type { Journal } from "../record/journal.ts";
import type { ReplacementClaims } from "../record/replacement_claims.ts";
import type { LookParts } from "./reconcile.ts";
import type { Unwritten } from "./pending_writes.ts";

/** What a desk needs of the journal. */
export type DeskJournal =
  & { readonly replacements: Pick<ReplacementClaims, "claim" | "release"> }
  & Pick<
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

/** The process that a desk is part of. */
export interface DeskInstance {
  /** What its placements are marked with. */
  readonly id: string;
  /** Takes over what ended processes left undone, and answers how many placements; a short command takes over nothing. */
  takeOver(): number;
}

/** What a desk is made of; one desk for each exchange, the real one and paper. */
export interface DeskOptions {
  readonly exchange: TradingExchange;
  readonly journal: DeskJournal;
  readonly audit: Pick<Audit, "record">;
  readonly instance: DeskInstance;
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

/** The parts as the desk shares them out. */
export interface DeskParts extends LookParts {
  readonly exchange: TradingExchange;
  readonly clock: ExchangeClock;
  readonly journal: DeskJournal;
  readonly audit: Pick<Audit, "record">;
  readonly instance: DeskInstance;
  readonly paper: boolean;
  readonly now: () => number;
  /** What has happened and is still to be written. */
  readonly unwritten: Unwritten;
}
