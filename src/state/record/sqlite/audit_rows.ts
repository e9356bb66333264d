/** The table of the audit's rows, which all parts of the record append to. */

import { rowAfter } from "../../../trading/record/audit_row.ts";
import type { AuditEvent, AuditRow } from "../../../trading/record/audit_row.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import type { Redact } from "../../../secrets/redaction.ts";
import { readNumber, readText } from "../../row.ts";
import { readAuditRow } from "../rows/audit_row.ts";
import type { RecordConnection } from "./connection.ts";

/** The rows that are not archived. */
export class AuditRows {
  readonly #connection: RecordConnection;
  readonly #redact: Redact;
  /** Called for each row that is appended here; its change may still be rolled back. */
  listener: ((row: AuditRow) => void) | undefined;

  /** `redact` removes secrets from rows. */
  constructor(connection: RecordConnection, redact: Redact) {
    this.#connection = connection;
    this.#redact = redact;
  }

  /** Appends rows within the present transaction. */
  append(events: readonly AuditEvent[], now: number): void {
    if (!this.#connection.isInTransaction) {
      throw new TypeError("Cannot append to the audit as no transaction is running");
    }
    let last = this.#lastRow();
    for (const event of events) {
      const row = rowAfter(last, event, { now, redact: this.#redact });
      this.#insert(row);
      last = row;
    }
    this.#connection.run("UPDATE audit_head SET seq = ?, hash = ? WHERE id = 1", last.seq, last.hash);
  }

  /** The number of the last row; 0 when there is none. */
  get lastSeq(): number {
    return this.#lastRow().seq;
  }

  /** The recorded end of the chain; `undefined` when it was removed. */
  head(): Pick<AuditRow, "seq" | "hash"> | undefined {
    const row = this.#connection.row("SELECT seq, hash FROM audit_head WHERE id = 1");
    return row && { seq: readNumber(row, "seq"), hash: readText(row, "hash") };
  }

  /** The last archived row, and the UTC day from which on everything is kept. */
  start(): { readonly seq: number; readonly hash: string; readonly keptFrom: number } {
    const row = this.#connection.row("SELECT seq, hash, kept_from FROM audit_start WHERE id = 1");
    if (row === undefined) throw new StoreError("damaged");
    return { seq: readNumber(row, "seq"), hash: readText(row, "hash"), keptFrom: readNumber(row, "kept_from") };
  }

  /** The first `limit` rows after a row, of all processes, in sequence. */
  after(seq: number, limit: number): AuditRow[] {
    return this.#connection.rows("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", seq, limit).map(
      readAuditRow,
    );
  }

  /** All rows, one by one. */
  *all(): Generator<AuditRow> {
    for (const row of this.#connection.each("SELECT * FROM audit ORDER BY seq")) yield readAuditRow(row);
  }

  /** Deletes rows up to this one, as part of a change; they are already in a file. */
  dropThrough({ seq, hash }: Pick<AuditRow, "seq" | "hash">): void {
    if (!this.#connection.isInTransaction) throw new TypeError(`Cannot drop row ${seq} as no transaction is running`);
    this.#connection.run("UPDATE audit_start SET seq = ?, hash = ?", seq, hash);
    this.#connection.run("DELETE FROM audit WHERE seq <= ?", seq);
  }

  #insert(row: AuditRow): void {
    this.#connection.run(
      `INSERT INTO audit (seq, at, identity, event, client_order_id, order_id, data, previous, hash, venue, account)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[row.seq, row.at, row.identity, row.event, row.clientOrderId, row.orderId, row.data, row.previous, row.hash],
      ...[row.venue, row.account],
    );
    this.listener?.(row);
  }

  #lastRow(): Pick<AuditRow, "seq" | "hash"> {
    const head = this.head();
    if (head === undefined) throw new StoreError("damaged");
    return head;
  }
}
