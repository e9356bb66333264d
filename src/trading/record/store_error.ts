/** Failures of the trading record: why, and how they become answers. */

import type { ErrorCode } from "../../errors/error_table.ts";

/** Why the trading record cannot be used now. */
export type StoreFailure =
  | "full"
  | "busy"
  | "read_only"
  | "damaged"
  | "unusable"
  | "clock_wrong"
  /** It lacks data that it contained before. */
  | "rolled_back"
  /** A newer version of this program has changed it. */
  | "outdated"
  | "overloaded"
  | "unavailable"
  | "closed"
  /** The operation may or may not have been done. */
  | "outcome_unknown";

const SENTENCES: Readonly<Record<StoreFailure, string>> = {
  full: "Cannot write the trading database as the disk is full: free some space; no order is sent until then",
  busy:
    "Cannot use the trading database as another process holds it, or as it answers too slowly: end that process, or " +
    "look at the database and its disk, then try again",
  read_only: "Cannot write the trading database as its file is read-only: make the state folder writable",
  damaged: "Cannot use the trading database as it is damaged: run audit verify and restore the state folder",
  unusable: "Cannot use the trading database: check the state folder and its disk",
  clock_wrong: "Cannot use the trading database as its clock and the one of this computer differ by more than 2 s: " +
    "set the clocks right; no order is sent until then",
  rolled_back:
    "Cannot use the trading database as it lacks rows of the audit log that this machine has seen in it, as " +
    "after a restore from an older backup: no order is sent; see docs/scaling.md, Backup and restore",
  outdated:
    "Cannot use the trading database as a newer version of this program has brought it up to date: no order is sent; " +
    "restart this server with that version",
  overloaded: "Cannot use the trading database now as too much waits for it: try again later",
  unavailable:
    "Cannot reach the trading database: no order is sent until it answers; check the database and the network",
  closed: "Cannot use the trading database as it has been closed",
  outcome_unknown:
    "Cannot tell whether the trading database has taken the last change: look at what there is before you repeat it",
};

/** The trading record cannot be read or written: trading stops, while reading the exchange continues. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code = "ERR_TRADING_STORE" satisfies ErrorCode;
  readonly failure: StoreFailure;

  constructor(failure: StoreFailure, cause?: unknown) {
    super(SENTENCES[failure], { cause });
    this.failure = failure;
  }
}

/** A failure of the record; `reason` is a sentence. */
export interface RecordFailure {
  readonly kind: "failed";
  readonly reason: string;
  /** Whether the operation may have been done nevertheless. */
  readonly isUnknown: boolean;
}

/** Calls the record and turns its failure into a value. */
export async function orFailure<Answer>(ask: () => Promise<Answer>): Promise<Answer | RecordFailure> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { kind: "failed", reason: error.message, isUnknown: error.failure === "outcome_unknown" };
  }
}
