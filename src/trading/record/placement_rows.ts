/** Rows of the table of placements. */

import { z } from "zod";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../state/sqlite.ts";
import type { Row } from "../../state/sqlite.ts";
import type { Order } from "../orders/order.ts";
import type { Placement } from "./recorded_placement.ts";

/** How an order stands in the record. */
export const OrderRow: z.ZodType<Order> = z.object({
  pair: z.string(),
  base: z.string(),
  counter: z.string(),
  side: z.enum(["BUY", "SELL"]),
  type: z.enum(["limit", "market", "stop_limit"]),
  volume: z.string().exactOptional(),
  counterVolume: z.string().exactOptional(),
  price: z.string().exactOptional(),
  timeInForce: z.enum(["GTC", "IOC", "FOK"]).exactOptional(),
  postOnly: z.boolean().exactOptional(),
  stopPrice: z.string().exactOptional(),
  stopDirection: z.enum(["ABOVE", "BELOW", "RELATIVE_LAST_TRADE"]).exactOptional(),
});

const State = z.enum(["intent", "sent", "placed", "not_placed", "unknown"]);

/** Reads a row of `placements`. */
export function readPlacement(row: Row): Placement {
  const state = State.parse(row["state"]);
  const currency = readTextOrNull(row, "notional_currency");
  return {
    clientOrderId: readText(row, "client_order_id"),
    identity: readText(row, "identity"),
    paper: readNumber(row, "paper") === 1,
    venue: readText(row, "venue"),
    previewId: readText(row, "preview_id"),
    idempotencyKey: readTextOrNull(row, "idempotency_key"),
    asked: readTextOrNull(row, "asked"),
    order: OrderRow.parse(JSON.parse(readText(row, "order_json"))),
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
