/** Rows of previews, for every engine. */

import { ApprovedFacts } from "../../../trading/record/approval.ts";
import type { Preview } from "../../../trading/record/previews.ts";
import { OrderSummary } from "../../../trading/orders/order_summary.ts";
import { orderDigest } from "../../../trading/orders/order.ts";
import type { PreviewState } from "../../../trading/orders/preview.ts";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";

/** Parses a row of `previews`; `undefined` when its order is not the one that was shown. */
export function readPreview(row: Row): Preview | undefined {
  const summary = readTextOrNull(row, "summary_json");
  const facts = ApprovedFacts.parse(JSON.parse(readText(row, "facts_json")));
  const digest = readText(row, "digest");
  if (orderDigest(facts.order) !== digest) return undefined;
  return {
    previewId: readText(row, "preview_id"),
    identity: readText(row, "identity"),
    account: readText(row, "account"),
    asked: readText(row, "asked"),
    facts,
    digest,
    policyDigest: readText(row, "policy_digest"),
    summary: summary === null ? null : OrderSummary.parse(JSON.parse(summary)),
    ...readPreviewState(row),
  };
}

/** Parses the state of a preview. */
export function readPreviewState(row: Row): PreviewState {
  return {
    createdAt: readNumber(row, "created_at"),
    expiresAt: readNumber(row, "expires_at"),
    usedAt: readOptionalNumber(row, "used_at") ?? null,
  };
}
