/** The audit on PostgreSQL: appending single rows, reading the trail of an order, and verifying everything. */

import type { Audit, TrailQuery, Verification } from "../../../trading/record/audit.ts";
import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import type { AuditEvent, AuditRow } from "../../../trading/record/audit_row.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import { readNumber } from "../../row.ts";
import { readAuditRow } from "../rows/audit_row.ts";
import type { RecordConnection } from "./record_connection.ts";
import { verifyRecord } from "./verify_record.ts";

const MAX_TRAIL = 10_000;

/** See {@linkcode Audit}. */
export class PostgresAudit implements Audit {
  readonly #connection: RecordConnection;
  readonly #folder: string;

  /** `folder`: the place of archive files. */
  constructor(connection: RecordConnection, { folder }: { readonly folder: string }) {
    this.#connection = connection;
    this.#folder = folder;
  }

  record(event: AuditEvent, now: number): Promise<void> {
    return this.#connection.change(({ append }) => Promise.resolve(append([event], now)));
  }

  async trail({ orderId, clientOrderId, identity, limit = 1_000 }: TrailQuery): Promise<readonly AuditRow[]> {
    const isOrder = orderId !== undefined || clientOrderId !== undefined;
    const whose = [identity === undefined ? null : recordedIdentity(identity), Math.min(limit, MAX_TRAIL)];
    const rows = isOrder
      ? await this.#connection.rows(OF_ORDER, ...whose, clientOrderId ?? null, orderId ?? null)
      : await this.#connection.rows(OF_ALL, ...whose);
    return rows.map(readAuditRow).reverse();
  }

  async lastSeq(): Promise<number> {
    return await readLastSeq(this.#connection);
  }

  verify({ expectedHead }: { readonly expectedHead?: string | undefined } = {}): Promise<Verification> {
    return verifyRecord(this.#connection, { folder: this.#folder, expectedHead });
  }
}

/** The number of the last row. @throws {StoreError} */
export async function readLastSeq(connection: RecordConnection): Promise<number> {
  const row = await connection.row("SELECT seq FROM audit_head WHERE id = 1");
  if (row === undefined) throw new StoreError("damaged");
  return readNumber(row, "seq");
}

/** The last step of reading any trail: `$1` is an identity, or null for all. */
const NEWEST = "identity = coalesce($1, identity) ORDER BY seq DESC LIMIT $2";

const OF_ALL = `SELECT * FROM audit WHERE ${NEWEST}`;

/** Whether a row belongs to the venue and the account; rows of versions without accounts have none. */
const THERE = `venue IS NOT DISTINCT FROM last.at_venue
  AND coalesce(account, last.of_account) IS NOT DISTINCT FROM coalesce(last.of_account, account)`;

/**
 * Step by step, each by an index: rows that mention the order, the last of them, the ids that it has there, and all
 * rows with one of these. On its own the planner would scan the whole audit.
 */
const OF_ORDER = `WITH named AS MATERIALIZED (
    SELECT * FROM audit WHERE client_order_id = $3 UNION SELECT * FROM audit WHERE order_id = $4
  ), last AS MATERIALIZED (
    SELECT venue AS at_venue, account AS of_account FROM named ORDER BY seq DESC LIMIT 1
  ), found AS MATERIALIZED (
    SELECT * FROM named UNION
    SELECT * FROM audit WHERE client_order_id = ANY
      (ARRAY(SELECT client_order_id FROM named, last WHERE order_id = $4 AND ${THERE})) UNION
    SELECT * FROM audit WHERE order_id = ANY (ARRAY(SELECT order_id FROM named WHERE client_order_id = $3))
  )
  SELECT found.* FROM found, last WHERE ${THERE} AND ${NEWEST}`;
