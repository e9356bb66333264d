/**
 * The interface of the trading record: every order before its first byte is sent, its outcome, what counts against
 * limits, who may send, halts, approvals, and the audit of all of that.
 *
 * The engines are in `state/record/`. Each operation is one transaction: it is durable when its promise is fulfilled,
 * and has had no effect when it is rejected with a `StoreError`, unless the error's failure is `outcome_unknown`. An
 * operation reads what it needs within that transaction, and decides by the functions beside these interfaces.
 * Arguments and results are plain data. Times are wall clock milliseconds given by the caller; identities are those of
 * callers.
 */

import type { Accounts } from "./accounts.ts";
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
  accounts: true,
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

/** A record of what `part` makes; the caller must add how it ends. */
export function recordOf(
  part: <Name extends RecordPart>(name: Name) => TradingRecord[Name],
): Omit<TradingRecord, "close"> {
  const parts = Object.keys(PARTS).map((name) => [name, part(name as RecordPart)]);
  return Object.fromEntries(parts);
}

/** All parts of one record. */
export interface TradingRecord {
  readonly journal: Journal;
  /** The exchange of each account. */
  readonly accounts: Accounts;
  readonly replacements: ReplacementClaims;
  /** Running calls with an idempotency key. */
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
  /** Recently recorded rows. */
  readonly feed: AuditFeed;
  readonly archive: RecordArchive;
  /** The policy and the access file that all servers use, if they were published. */
  readonly published: PublishedFiles;
  /** Closes it after the operations requested before. Repeating it has no effect. */
  close(): Promise<void>;
}
