/** The audit on PostgreSQL: adding single rows, reading the trail of an order, and verifying all of it. */

import { MINUTE_MS, PREVIEWS_PER_MINUTE } from "../../../trading/record/audit.ts";
import type { Audit, TrailQuery, Verification } from "../../../trading/record/audit.ts";
import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import type { AuditEvent, AuditRow } from "../../../trading/record/audit_row.ts";
import { StoreError } from "../../../trading/record/store_error.ts";
import { readNumber } from "../../row.ts";
import type { Row } from "../../row.ts";
import { readAuditRow } from "../rows/audit_row.ts";
import type { Session, Value } from "./database.ts";
import type { RecordConnection } from "./record_connection.ts";
import { verifyRecord } from "./verify_record.ts";

const MAX_TRAIL = 10_000;

/** See {@linkcode Audit}. */
export class PostgresAudit implements Audit {
  readonly #connection: RecordConnection;
  readonly #folder: string;

  /** `folder`: where archive files are looked for. */
  constructor(connection: RecordConnection, { folder }: { readonly folder: string }) {
    this.#connection = connection;
    this.#folder = folder;
  }

  record(event: AuditEvent, now: number): Promise<void> {
    return this.#connection.change(({ append }) => Promise.resolve(append([event], now)));
  }

  async previewWaitMs(identity: string, now: number): Promise<number> {
    return waitAfter(await this.#connection.rows(PREVIEW, ...previewValues(identity, now)), now);
  }

  async trail({ orderId, clientOrderId, identity, limit = 1_000 }: TrailQuery): Promise<readonly AuditRow[]> {
    const isOrder = orderId !== undefined || clientOrderId !== undefined;
    const conditions = [
      isOrder ? OF_ORDER : "$1::text IS NULL AND $2::text IS NULL",
      "identity = coalesce($3, identity)",
    ];
    const rows = await this.#connection.rows(
      `SELECT * FROM audit WHERE ${conditions.join(" AND ")} ORDER BY seq DESC LIMIT $4`,
      ...[clientOrderId ?? null, orderId ?? null, identity === undefined ? null : recordedIdentity(identity)],
      Math.min(limit, MAX_TRAIL),
    );
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

/** The same as part of a change. */
export async function readPreviewWait({ query }: Session, identity: string, now: number): Promise<number> {
  return waitAfter(await query(PREVIEW, previewValues(identity, now)), now);
}

/** Rows from the future, after a clock was set back, count as of now. */
const PREVIEW = `SELECT at FROM audit WHERE event = 'preview' AND identity = $1 AND at > $2 ORDER BY at DESC
  LIMIT 1 OFFSET ${PREVIEWS_PER_MINUTE - 1}`;

function previewValues(identity: string, now: number): Value[] {
  return [recordedIdentity(identity), now - MINUTE_MS];
}

function waitAfter([row]: readonly Row[], now: number): number {
  return row === undefined ? 0 : Math.min(readNumber(row, "at") + MINUTE_MS - now, MINUTE_MS);
}

const [VENUE, ACCOUNT] = ["venue", "account"].map((column) =>
  `(SELECT ${column} FROM audit WHERE client_order_id = $1 OR order_id = $2 ORDER BY seq DESC LIMIT 1)`
);

/** Rows of versions that told no accounts apart name none. */
const THERE = `venue IS NOT DISTINCT FROM ${VENUE}
  AND coalesce(account, ${ACCOUNT}) IS NOT DISTINCT FROM coalesce(${ACCOUNT}, account)`;

const OF_ORDER = `(${THERE} AND (client_order_id = $1 OR order_id = $2
  OR client_order_id IN (SELECT client_order_id FROM audit WHERE order_id = $2 AND ${THERE})
  OR order_id IN (SELECT order_id FROM audit WHERE client_order_id = $1)))`;
