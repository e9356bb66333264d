/** Rows of the audit, for every engine. */

import type { AuditRow } from "../../../trading/record/audit_row.ts";
import { readNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";

/** Parses a row of `audit`. */
export function readAuditRow(row: Row): AuditRow {
  return {
    seq: readNumber(row, "seq"),
    at: readNumber(row, "at"),
    identity: readText(row, "identity"),
    event: readText(row, "event"),
    clientOrderId: readTextOrNull(row, "client_order_id"),
    orderId: readTextOrNull(row, "order_id"),
    data: readText(row, "data"),
    previous: readText(row, "previous"),
    hash: readText(row, "hash"),
    venue: readTextOrNull(row, "venue"),
    account: readTextOrNull(row, "account"),
  };
}
