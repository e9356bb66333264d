/** Archives old data of the record in SQLite. */

import { FORGOTTEN_AT_ONCE, forgottenBefore, keptFrom } from "../../../trading/record/archive.ts";
import type { Archived, ArchiveOptions } from "../../../trading/record/archive.ts";
import { PAPER_ACCOUNT } from "../../../trading/orders/trading_account.ts";
import { readOptionalNumber } from "../../row.ts";
import { writeArchiveFile } from "../archive_files.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";

/** Rows per archive file, and in memory at a time. */
const ROWS_PER_FILE = 5_000;

/** Longer than the retry interval of a process that waits for the lock, so that each of them gets its turn. */
const PAUSE_MS = 60;

/** See {@linkcode RecordArchive}. */
export class SqliteArchive {
  readonly #connection: RecordConnection;
  readonly #rows: AuditRows;
  readonly #folder: string;

  constructor(connection: RecordConnection, { rows, folder }: { readonly rows: AuditRows; readonly folder: string }) {
    this.#connection = connection;
    this.#rows = rows;
    this.#folder = folder;
  }

  run({ days, now, maxFiles = Infinity }: ArchiveOptions): Archived {
    const kept = keptFrom({ days, now });
    const files: string[] = [];
    let rows = 0;
    for (let isMore = true; isMore;) {
      const moved = this.#moveFirst({ keptFrom: kept, now });
      if (moved !== undefined) {
        files.push(moved.file);
        rows += moved.rows;
      }
      isMore = moved !== undefined && moved.rows === ROWS_PER_FILE && files.length < maxFiles;
    }
    return { rows, files, placements: this.#forgetAll({ days, now, maxFiles }) };
  }

  #moveFirst({ keptFrom, now }: { keptFrom: number; now: number }): { file: string; rows: number } | undefined {
    const start = this.#rows.start();
    const oldest = this.#rows.after(0, ROWS_PER_FILE);
    const young = oldest.findIndex(({ at }) => at >= keptFrom);
    const rows = young === -1 ? oldest : oldest.slice(0, young);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const file = writeArchiveFile(this.#folder, rows);
    return this.#connection.transaction(() => {
      // Another process was faster: its files contain these rows.
      if (this.#rows.start().seq !== start.seq) return undefined;
      const data = { from: start.seq + 1, through: last.seq, head: last.hash, file };
      this.#rows.append([{ event: "archive", identity: "local", data }], now);
      this.#rows.dropThrough(last);
      return { file, rows: rows.length };
    });
  }

  #forgetAll({ maxFiles, ...options }: Required<ArchiveOptions>): number {
    const before = this.#forgetSums(options);
    let placements = 0;
    for (let round = 1; round <= maxFiles; round++) {
      const count = this.#forgetSome(before);
      placements += count;
      if (count < FORGOTTEN_AT_ONCE) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
    return placements;
  }

  /**
   * Deletes everything except placements; these need not be complete from here on. Returns the time from which they
   * are.
   */
  #forgetSums(options: Pick<ArchiveOptions, "days" | "now">): number {
    return this.#connection.transaction(() => {
      const before = forgottenBefore(options, this.#lastTradedAt());
      this.#connection.run("DELETE FROM day_use WHERE day < ?", before);
      this.#connection.run("DELETE FROM replacements WHERE attempt IS NULL AND claimed_at < ?", before);
      this.#connection.run("DELETE FROM approvals WHERE expires_at < ?", before);
      this.#connection.run("UPDATE audit_start SET kept_from = max(kept_from, ?)", before);
      return before;
    });
  }

  /** Deletes final placements that no remaining row mentions; returns how many. */
  #forgetSome(before: number): number {
    return this.#connection.transaction(() =>
      this.#connection.rows(
        `DELETE FROM placements WHERE rowid IN (SELECT rowid FROM placements WHERE is_alive = 0 AND created_at < ?
           AND NOT EXISTS (SELECT 1 FROM audit WHERE audit.client_order_id = placements.client_order_id)
           LIMIT ${FORGOTTEN_AT_ONCE}) RETURNING 1`,
        before,
      ).length
    );
  }

  #lastTradedAt(): number | undefined {
    const row = this.#connection.row(
      "SELECT max(created_at) AS at FROM placements WHERE account <> ?",
      PAPER_ACCOUNT.id,
    );
    return row && readOptionalNumber(row, "at");
  }
}
