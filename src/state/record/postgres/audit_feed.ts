/** Rows that any server recorded recently, and which of them were appended here. */

import type { AuditFeed, FeedPage } from "../../../trading/record/audit.ts";
import { readNumber, readText } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readAuditRow } from "../rows/audit_row.ts";
import { readPlacement } from "../rows/placement_row.ts";
import { readLastSeq } from "./audit.ts";
import type { RecordConnection } from "./record_connection.ts";

/** A record that was restored from a copy is shorter than the last position. */
const AFTER = `SELECT audit.*, h.seq AS last_seq, row_to_json(p)::text AS placement FROM audit_head h
  LEFT JOIN LATERAL (SELECT * FROM audit WHERE seq > least($1, h.seq) ORDER BY seq LIMIT $2) AS audit ON true
  LEFT JOIN placements p USING (client_order_id) ORDER BY audit.seq`;

/** See {@linkcode AuditFeed}. */
export class PostgresFeed implements AuditFeed {
  readonly #connection: RecordConnection;
  /** Hashes of own rows that were not read yet; `undefined` when nobody follows. */
  #own: Set<string> | undefined;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  start(): Promise<number> {
    if (this.#own === undefined) {
      const own = this.#own = new Set<string>();
      this.#connection.listener = ({ hash }) => own.add(hash);
    }
    return readLastSeq(this.#connection);
  }

  async after(seq: number, limit: number): Promise<FeedPage> {
    const found = await this.#connection.rows(AFTER, seq, limit);
    const from = Math.min(seq, found[0] === undefined ? 0 : readNumber(found[0], "last_seq"));
    const rows = found.filter((row) => row["seq"] !== null).map((row) => {
      const added = readAuditRow(row);
      return { row: added, isOwn: this.#own?.delete(added.hash) ?? false, placement: placementIn(row) };
    });
    return { rows, through: rows.at(-1)?.row.seq ?? from };
  }
}

function placementIn(row: Row) {
  return row["placement"] === null ? undefined : readPlacement(JSON.parse(readText(row, "placement")));
}
