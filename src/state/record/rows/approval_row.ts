/** Rows of orders that wait for a person, for every engine. */

import { isOver } from "../../../trading/orders/lifetime.ts";
import { z } from "zod";
import { ApprovedAction, ApprovedFacts } from "../../../trading/record/approval.ts";
import type { Approval } from "../../../trading/record/approval.ts";
import { OrderSummary } from "../../../trading/orders/order_summary.ts";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";

const Ways = z.array(z.enum(["page", "terminal"]));

/** Parses a row of `approvals`; its state depends on the time. */
export function readApproval(row: Row, now: number): Approval {
  const text = (column: string) => readTextOrNull(row, column);
  const decision = readOptionalNumber(row, "is_approved");
  const times = { createdAt: readNumber(row, "created_at"), expiresAt: readNumber(row, "expires_at") };
  const undecided = isOver(times, now) ? "expired" : "pending";
  const [decidedBy] = Ways.parse(text("decided_by") === null ? [] : [text("decided_by")]);
  return {
    id: readText(row, "id"),
    identity: readText(row, "identity"),
    account: readText(row, "account"),
    action: ApprovedAction.parse(row["action"]),
    asked: readText(row, "asked"),
    previewId: readText(row, "preview_id"),
    idempotencyKey: text("idempotency_key") ?? undefined,
    digest: readText(row, "digest"),
    facts: ApprovedFacts.parse(JSON.parse(readText(row, "facts_json"))),
    summary: OrderSummary.parse(JSON.parse(readText(row, "summary_json"))),
    ways: Ways.parse(readText(row, "ways").split(",")),
    ...times,
    state: decision === undefined ? undecided : decision === 1 ? "approved" : "declined",
    decidedBy: decidedBy ?? null,
    decidedAt: readOptionalNumber(row, "decided_at") ?? null,
    takenAt: readOptionalNumber(row, "taken_at") ?? null,
    outcome: text("outcome"),
  };
}
