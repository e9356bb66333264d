/**
 * Moves what is old out of the record: rows of the audit into archive files, which `audit verify` reads with the rest;
 * placements that are final and sums of past days are forgotten, as the rows tell of them.
 */

import { readNumber, readOptionalNumber } from "../../state/sqlite.ts";
import { writeArchiveFile } from "./archive_files.ts";
import type { Audit } from "./audit.ts";
import { DAY_MS, startOfUtcDay } from "../policy/limits.ts";
import type { StoreConnection } from "./store_connection.ts";

/** Rows of one archive file; also what is held in memory at a time. */
const ROWS_PER_FILE = 5_000;

/** What is old, and how much of it is moved at most. */
export interface ArchiveOptions {
  /** Whole UTC days that are kept beside the current one. */
  readonly days: number;
  /** Wall milliseconds. */
  readonly now: number;
  /** Files of 5,000 rows. @default {Infinity} */
  readonly maxFiles?: number;
}

/** What was moved. */
export interface Archived {
  /** Rows that lie in files now, by this run. */
  readonly rows: number;
  /** Names of the new files in the folder `archive`. */
  readonly files: readonly string[];
  /** Placements that were forgotten. */
  readonly placements: number;
}

/** The old part of one record. */
export class RecordArchive {
  readonly #connection: StoreConnection;
  readonly #audit: Audit;
  readonly #folder: string;

  constructor(connection: StoreConnection, { audit, folder }: { audit: Audit; folder: string }) {
    this.#connection = connection;
    this.#audit = audit;
    this.#folder = folder;
  }

  /**
   * Archives what is older than so many whole UTC days, and forgets of orders what is older than so many days before the
   * last one. Rows leave in their order, so one that is younger keeps all behind it. A file is on the disk before its rows leave the record; several processes may do this at the same time.
   *
   * @throws {StoreError} the record cannot be written
   * @throws {ArchiveError} an archive file cannot be written; its rows stay
   */
  run({ days, now, maxFiles = Infinity }: ArchiveOptions): Archived {
    const keptFrom = startOfUtcDay(now) - days * DAY_MS;
    const files: string[] = [];
    let rows = 0;
    for (let isMore = true; isMore;) {
      const moved = this.#moveFirst({ keptFrom, now });
      if (moved !== undefined) {
        files.push(moved.file);
        rows += moved.rows;
      }
      isMore = moved !== undefined && moved.rows === ROWS_PER_FILE && files.length < maxFiles;
    }
    return { rows, files, placements: this.#forget(Math.min(keptFrom, this.#lastTradedDay() - days * DAY_MS)) };
  }

  /**
   * The last day with an order for real money, by a clock that was compared with the exchange's: where ours is far ahead
   * today's keys and sums must stay.
   */
  #lastTradedDay(): number {
    const row = this.#connection.row("SELECT max(created_at) AS at FROM placements WHERE paper = 0");
    const at = row === undefined ? undefined : readOptionalNumber(row, "at");
    return at === undefined ? Infinity : startOfUtcDay(at);
  }

  #moveFirst({ keptFrom, now }: { keptFrom: number; now: number }): { file: string; rows: number } | undefined {
    const start = this.#audit.start();
    const oldest = this.#audit.oldest(ROWS_PER_FILE);
    const young = oldest.findIndex(({ at }) => at >= keptFrom);
    const rows = young === -1 ? oldest : oldest.slice(0, young);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const file = writeArchiveFile(this.#folder, rows);
    return this.#connection.transaction(() => {
      // Another process was faster: its files hold these rows.
      if (this.#audit.start().seq !== start.seq) return undefined;
      const data = { from: start.seq + 1, through: last.seq, head: last.hash, file };
      this.#audit.append({ event: "archive", identity: "local", data }, now);
      this.#audit.dropThrough(last);
      return { file, rows: rows.length };
    });
  }

  /** Forgets what is final and of which no row of the record speaks any more. */
  #forget(keptFrom: number): number {
    return this.#connection.transaction(() => {
      const gone = `is_alive = 0 AND created_at < ?
        AND NOT EXISTS (SELECT 1 FROM audit WHERE audit.client_order_id = placements.client_order_id)`;
      const row = this.#connection.row(`SELECT count(*) AS count FROM placements WHERE ${gone}`, keptFrom);
      this.#connection.run(`DELETE FROM placements WHERE ${gone}`, keptFrom);
      this.#connection.run("DELETE FROM day_use WHERE day < ?", keptFrom);
      this.#connection.run("DELETE FROM replacements WHERE attempt IS NULL AND claimed_at < ?", keptFrom);
      this.#connection.run("DELETE FROM approvals WHERE expires_at < ?", keptFrom);
      this.#connection.run("UPDATE audit_start SET kept_from = max(kept_from, ?)", keptFrom);
      return readNumber(row, "count");
    });
  }
}
