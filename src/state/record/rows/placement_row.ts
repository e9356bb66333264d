/** Rows of placements, for every engine. */

import { z } from "zod";
import { OrderJson } from "../../../trading/record/order_json.ts";
import type { Placement } from "../../../trading/record/recorded_placement.ts";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../row.ts";
import type { Row } from "../../row.ts";

const State = z.enum(["intent", "sent", "placed", "not_placed", "unknown"]);

/** Parses a row of `placements`. */
export function readPlacement(row: Row): Placement {
  const state = State.parse(row["state"]);
  const currency = readTextOrNull(row, "notional_currency");
  return {
    clientOrderId: readText(row, "client_order_id"),
    identity: readText(row, "identity"),
    account: readText(row, "account"),
    venue: readText(row, "venue"),
    previewId: readText(row, "preview_id"),
    idempotencyKey: readTextOrNull(row, "idempotency_key"),
    asked: readTextOrNull(row, "asked"),
    order: OrderJson.parse(JSON.parse(readText(row, "order_json"))),
    digest: readText(row, "digest"),
    policyDigest: readText(row, "policy_digest"),
    state,
    orderId: readTextOrNull(row, "order_id"),
    isOpen: state === "placed" && readNumber(row, "is_alive") === 1,
    worstPrice: readTextOrNull(row, "worst_price"),
    notional: currency === null ? null : { currency, amount: readText(row, "notional_amount") },
    createdAt: readNumber(row, "created_at"),
    sentAt: readOptionalNumber(row, "sent_at") ?? null,
    validUntil: readOptionalNumber(row, "valid_until") ?? null,
    settledAt: readOptionalNumber(row, "settled_at") ?? null,
    reason: readTextOrNull(row, "reason"),
    instance: readTextOrNull(row, "instance"),
  };
}
