/** The audit in SQLite: appending single rows, reading the trail of an order, and verifying everything. */

import type { TrailQuery, Verification } from "../../../trading/record/audit.ts";
import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import type { AuditEvent, AuditRow } from "../../../trading/record/audit_row.ts";
import { readAuditRow } from "../rows/audit_row.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";
import { verifyRecord } from "./verify_record.ts";

const MAX_TRAIL = 10_000;

/** See {@linkcode Audit}. */
export class SqliteAudit {
  readonly #connection: RecordConnection;
  readonly #rows: AuditRows;
  readonly #folder: string;

  /** `folder`: the place of archive files. */
  constructor(connection: RecordConnection, { rows, folder }: { readonly rows: AuditRows; readonly folder: string }) {
    this.#connection = connection;
    this.#rows = rows;
    this.#folder = folder;
  }

  record(event: AuditEvent, now: number): void {
    this.#connection.transaction(() => this.#rows.append([event], now));
  }

  trail({ orderId, clientOrderId, identity, limit = 1_000 }: TrailQuery): AuditRow[] {
    const isOrder = orderId !== undefined || clientOrderId !== undefined;
    const last = (column: string) =>
      `(SELECT ${column} FROM audit WHERE client_order_id = ?1 OR order_id = ?2 ORDER BY seq DESC LIMIT 1)`;
    // Rows of versions without accounts have none.
    const account = last("account");
    const there = `venue IS ${last("venue")} AND coalesce(account, ${account}) IS coalesce(${account}, account)`;
    const ofOrder = `(${there} AND (client_order_id = ?1 OR order_id = ?2
      OR client_order_id IN (SELECT client_order_id FROM audit WHERE order_id = ?2 AND ${there})
      OR order_id IN (SELECT order_id FROM audit WHERE client_order_id = ?1)))`;
    const conditions = [
      ...(isOrder ? [ofOrder] : []),
      // Reads the few rows of an order instead of all of the identity: `+` prevents the identity's index.
      ...(identity === undefined ? [] : [isOrder ? "+identity = ?3" : "identity = ?1"]),
    ];
    const values = [
      ...(isOrder ? [clientOrderId ?? null, orderId ?? null] : []),
      ...(identity === undefined ? [] : [recordedIdentity(identity)]),
    ];
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    const rows = this.#connection.rows(
      `SELECT * FROM audit ${where} ORDER BY seq DESC LIMIT ?${values.length + 1}`,
      ...values,
      Math.min(limit, MAX_TRAIL),
    );
    return rows.map(readAuditRow).reverse();
  }

  lastSeq(): number {
    return this.#rows.lastSeq;
  }

  verify({ expectedHead }: { readonly expectedHead?: string | undefined } = {}): Verification {
    return verifyRecord(this.#connection, { rows: this.#rows, folder: this.#folder, expectedHead });
  }
}
