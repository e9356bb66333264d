/**
 * The trading record as the program speaks to it: every order before its first byte leaves, what became of it, what
 * counts against limits, who may send, halts, approvals, and the audit of all of that.
 *
 * Engines stand elsewhere. Each operation is one transaction: it is kept whole when its promise is fulfilled, and not at
 * all when that is rejected with a `StoreError`, unless the error's failure is `outcome_unknown`. What an operation needs
 * to know it reads within that transaction, and decides by the functions that stand beside these interfaces. Arguments
 * and answers are plain data. Times are wall milliseconds and come from the caller, identities are as callers have them.
 */

import type { Approvals } from "./approvals.ts";
import type { RecordArchive } from "./archive.ts";
import type { Audit, AuditFeed } from "./audit.ts";
import type { CallClaims } from "./call_claims.ts";
import type { CancelRequests } from "./cancel_requests.ts";
import type { Dialogs } from "./dialogs.ts";
import type { Halts } from "./halts.ts";
import type { Instances } from "./instances.ts";
import type { Journal } from "./journal.ts";
import type { Previews } from "./previews.ts";
import type { PublishedFiles } from "./published_files.ts";
import type { ReplacementClaims } from "./replacement_claims.ts";

/** The name of a part. */
export type RecordPart = keyof Omit<TradingRecord, "close">;

const PARTS: Readonly<Record<RecordPart, true>> = {
  journal: true,
  replacements: true,
  calls: true,
  previews: true,
  approvals: true,
  dialogs: true,
  halts: true,
  cancelRequests: true,
  instances: true,
  audit: true,
  feed: true,
  archive: true,
  published: true,
};

/** A record of what `part` makes; its end is the caller's to add. */
export function recordOf(
  part: <Name extends RecordPart>(name: Name) => TradingRecord[Name],
): Omit<TradingRecord, "close"> {
  const parts = Object.keys(PARTS).map((name) => [name, part(name as RecordPart)]);
  return Object.fromEntries(parts);
}

/** All parts of one record. */
export interface TradingRecord {
  readonly journal: Journal;
  readonly replacements: ReplacementClaims;
  /** Calls with an idempotency key that are running. */
  readonly calls: CallClaims;
  /** Orders that callers were shown and may place. */
  readonly previews: Previews;
  readonly approvals: Approvals;
  /** Orders that wait for the answer of a client's dialog. */
  readonly dialogs: Dialogs;
  readonly halts: Halts;
  readonly cancelRequests: CancelRequests;
  readonly instances: Instances;
  readonly audit: Audit;
  /** What was recorded lately. */
  readonly feed: AuditFeed;
  readonly archive: RecordArchive;
  /** The policy and the access file that all servers use, where they were published. */
  readonly published: PublishedFiles;
  /** Ends the use of it; what was asked before is done first. A second time does nothing. */
  close(): Promise<void>;
}
