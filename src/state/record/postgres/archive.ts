/** Archives old data of the record on PostgreSQL, into files in one machine's state folder. */

import { FORGOTTEN_AT_ONCE, forgottenBefore, keptFrom } from "../../../trading/record/archive.ts";
import type { Archived, ArchiveOptions, RecordArchive } from "../../../trading/record/archive.ts";
import { PAPER_ACCOUNT } from "../../../trading/orders/trading_account.ts";
import { readOptionalNumber } from "../../row.ts";
import { writeArchiveFile } from "../archive_files.ts";
import { readAuditRow } from "../rows/audit_row.ts";
import type { RecordConnection } from "./record_connection.ts";
import { readStart } from "./verify_record.ts";

/** Rows per archive file, and in memory at a time. */
const ROWS_PER_FILE = 5_000;

/** See {@linkcode RecordArchive}. */
export class PostgresArchive implements RecordArchive {
  readonly #connection: RecordConnection;
  readonly #folder: string;

  constructor(connection: RecordConnection, { folder }: { readonly folder: string }) {
    this.#connection = connection;
    this.#folder = folder;
  }

  async run({ days, now, maxFiles = Infinity }: ArchiveOptions): Promise<Archived> {
    const kept = keptFrom({ days, now });
    const files: string[] = [];
    let rows = 0;
    for (let isMore = true; isMore;) {
      const moved = await this.#moveFirst({ keptFrom: kept, now });
      if (moved !== undefined) {
        files.push(moved.file);
        rows += moved.rows;
      }
      isMore = moved !== undefined && moved.rows === ROWS_PER_FILE && files.length < maxFiles;
    }
    return { rows, files, placements: await this.#forgetAll({ days, now, maxFiles }) };
  }

  async #moveFirst(
    { keptFrom, now }: { keptFrom: number; now: number },
  ): Promise<{ file: string; rows: number } | undefined> {
    const { start, oldest } = await this.#connection.snapshot(async (session) => ({
      start: await readStart(session),
      oldest: (await session.query("SELECT * FROM audit ORDER BY seq LIMIT $1", [ROWS_PER_FILE])).map(readAuditRow),
    }));
    const young = oldest.findIndex(({ at }) => at >= keptFrom);
    const rows = young === -1 ? oldest : oldest.slice(0, young);
    const last = rows.at(-1);
    if (last === undefined) return undefined;
    const file = writeArchiveFile(this.#folder, rows);
    return await this.#connection.change(async (change) => {
      // Another process was faster: its files contain these rows.
      if ((await readStart(change)).seq !== start.seq) return undefined;
      const data = { from: start.seq + 1, through: last.seq, head: last.hash, file };
      change.append([{ event: "archive", identity: "local", data }], now);
      await change.query("UPDATE audit_start SET seq = $1, hash = $2", [last.seq, last.hash]);
      await change.query("DELETE FROM audit WHERE seq <= $1", [last.seq]);
      return { file, rows: rows.length };
    });
  }

  async #forgetAll({ maxFiles, ...options }: Required<ArchiveOptions>): Promise<number> {
    const before = await this.#forgetSums(options);
    let placements = 0;
    for (let round = 1; round <= maxFiles; round++) {
      const count = await this.#forgetSome(before);
      placements += count;
      if (count < FORGOTTEN_AT_ONCE) break;
    }
    return placements;
  }

  /**
   * Deletes everything except placements; these need not be complete from here on. Returns the time from which they
   * are.
   */
  #forgetSums(options: Pick<ArchiveOptions, "days" | "now">): Promise<number> {
    return this.#connection.change(async ({ query }) => {
      const [row] = await query("SELECT max(created_at) AS at FROM placements WHERE account <> $1", [PAPER_ACCOUNT.id]);
      const before = forgottenBefore(options, row && readOptionalNumber(row, "at"));
      await query("DELETE FROM day_use WHERE day < $1", [before]);
      await query("DELETE FROM replacements WHERE attempt IS NULL AND claimed_at < $1", [before]);
      await query("DELETE FROM approvals WHERE expires_at < $1", [before]);
      await query("UPDATE audit_start SET kept_from = greatest(kept_from, $1)", [before]);
      return before;
    });
  }

  /** Deletes final placements that no remaining row mentions; returns how many. */
  #forgetSome(before: number): Promise<number> {
    return this.#connection.change(async ({ query }) => {
      const gone = await query(
        `DELETE FROM placements WHERE client_order_id IN (SELECT client_order_id FROM placements
           WHERE is_alive = 0 AND created_at < $1
             AND NOT EXISTS (SELECT 1 FROM audit WHERE audit.client_order_id = placements.client_order_id)
           LIMIT ${FORGOTTEN_AT_ONCE}) RETURNING 1`,
        [before],
      );
      return gone.length;
    });
  }
}
