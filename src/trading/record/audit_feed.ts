/**
 * What was recorded lately, for whoever tells of it elsewhere: rows of all processes, and which of them were added through
 * this record.
 */

import type { Audit } from "./audit.ts";
import type { AuditRow } from "./audit_row.ts";
import type { JournalReads } from "./journal_reads.ts";
import type { Placement } from "./recorded_placement.ts";
import type { StoreConnection } from "./store_connection.ts";

/** One row, and what is known of it. */
export interface FeedRow {
  readonly row: AuditRow;
  /** Whether it was added through this record, and not by another process. */
  readonly isOwn: boolean;
  /** How the order that it speaks of stands now. */
  readonly placement: Placement | undefined;
}

/** What {@linkcode AuditFeed.after} answers; `through` is where the next question begins. */
export interface FeedPage {
  readonly rows: readonly FeedRow[];
  readonly through: number;
}

/** The rows of one record, to be followed by one reader. */
export class AuditFeed {
  readonly #connection: StoreConnection;
  readonly #audit: Audit;
  readonly #placements: Pick<JournalReads, "find">;
  /** Hashes of own rows that were not read yet; `undefined` while nobody follows. */
  #own: Set<string> | undefined;

  constructor(
    connection: StoreConnection,
    { audit, placements }: { readonly audit: Audit; readonly placements: Pick<JournalReads, "find"> },
  ) {
    this.#connection = connection;
    this.#audit = audit;
    this.#placements = placements;
  }

  /**
   * Begins; answers the number of the last row.
   *
   * @throws {StoreError}
   */
  start(): number {
    if (this.#own === undefined) {
      const own = this.#own = new Set<string>();
      this.#audit.onAppend(({ hash }) => own.add(hash));
    }
    return this.#audit.lastSeq;
  }

  /**
   * The first `limit` rows after one, in their order.
   *
   * @throws {StoreError}
   */
  after(seq: number, limit: number): FeedPage {
    return this.#connection.snapshot(() => {
      const from = Math.min(seq, this.#audit.lastSeq); // A record that was put back from a copy is shorter.
      const rows = this.#audit.after(from, limit).map((row) => ({
        row,
        isOwn: this.#own?.delete(row.hash) ?? false,
        placement: row.clientOrderId === null ? undefined : this.#placements.find(row.clientOrderId),
      }));
      // What is not there by now belongs to changes that were undone.
      if (rows.length < limit) this.#own?.clear();
      return { rows, through: rows.at(-1)?.row.seq ?? from };
    });
  }
}
