/** Rows of orders that wait for a dialog, for every engine. */

import { ApprovedAction, ApprovedFacts } from "../../../trading/record/approval.ts";
import type { Dialog } from "../../../trading/record/dialogs.ts";
import { OrderSummary } from "../../../trading/orders/order_summary.ts";
import { readNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";

/** Parses a row of `dialogs`. */
export function readDialog(row: Row): Dialog {
  return {
    id: readText(row, "id"),
    identity: readText(row, "identity"),
    account: readText(row, "account"),
    action: ApprovedAction.parse(row["action"]),
    asked: readText(row, "asked"),
    call: readText(row, "call"),
    previewId: readText(row, "preview_id"),
    idempotencyKey: readTextOrNull(row, "idempotency_key") ?? undefined,
    digest: readText(row, "digest"),
    facts: ApprovedFacts.parse(JSON.parse(readText(row, "facts_json"))),
    summary: OrderSummary.parse(JSON.parse(readText(row, "summary_json"))),
    createdAt: readNumber(row, "created_at"),
    expiresAt: readNumber(row, "expires_at"),
  };
}
