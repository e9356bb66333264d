/** Rows that any process recorded recently, and which of them were appended here. */

import type { FeedPage } from "../../../trading/record/audit.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";
import type { JournalReads } from "./journal_reads.ts";

/** See {@linkcode AuditFeed}. */
export class SqliteFeed {
  readonly #connection: RecordConnection;
  readonly #rows: AuditRows;
  readonly #placements: Pick<JournalReads, "find">;
  /** Hashes of own rows that were not read yet; `undefined` when nobody follows. */
  #own: Set<string> | undefined;

  constructor(
    connection: RecordConnection,
    { rows, placements }: { readonly rows: AuditRows; readonly placements: Pick<JournalReads, "find"> },
  ) {
    this.#connection = connection;
    this.#rows = rows;
    this.#placements = placements;
  }

  start(): number {
    if (this.#own === undefined) {
      const own = this.#own = new Set<string>();
      this.#rows.listener = ({ hash }) => own.add(hash);
    }
    return this.#rows.lastSeq;
  }

  after(seq: number, limit: number): FeedPage {
    return this.#connection.snapshot(() => {
      const from = Math.min(seq, this.#rows.lastSeq); // A record that was restored from a copy is shorter.
      const rows = this.#rows.after(from, limit).map((row) => ({
        row,
        isOwn: this.#own?.delete(row.hash) ?? false,
        placement: row.clientOrderId === null ? undefined : this.#placements.find(row.clientOrderId),
      }));
      // Rows that are missing by now belong to changes that were rolled back.
      if (rows.length < limit) this.#own?.clear();
      return { rows, through: rows.at(-1)?.row.seq ?? from };
    });
  }
}
