/** Placements as the journal's table holds them. */

import { z } from "zod";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../state/sqlite.ts";
import type { Row } from "../../state/sqlite.ts";
import type { Order } from "../orders/order.ts";
import type { Worth } from "../orders/notional.ts";

/**
 * How far a placement has come. `intent` stands in records of versions that wrote it apart from `sent`. `unknown`: it was
 * sent, and whether the order exists could not be found out yet.
 */
export type PlacementState = "intent" | "sent" | "placed" | "not_placed" | "unknown";

/** One order that was meant to be placed. Times are wall milliseconds. */
export interface Placement {
  readonly clientOrderId: string;
  readonly identity: string;
  readonly paper: boolean;
  /** Which simulated exchange or paper account it is on; `""` for an exchange that never starts anew. */
  readonly venue: string;
  readonly previewId: string;
  readonly idempotencyKey: string | null;
  /** What its caller asked for, in one form; `null` where an earlier version wrote it. */
  readonly asked: string | null;
  readonly order: Order;
  readonly digest: string;
  readonly policyDigest: string;
  readonly state: PlacementState;
  /** The exchange's id; known exactly when `state` is `placed`. */
  readonly orderId: string | null;
  /** Placed and not known to be final. */
  readonly isOpen: boolean;
  /** The worst price at which a market order was expected to trade, where that is known. */
  readonly worstPrice: string | null;
  /** What it takes of the day's limit. */
  readonly notional: Worth | null;
  readonly createdAt: number;
  readonly sentAt: number | null;
  /** When the exchange refuses the request at the latest: its `timestamp` and `ttl`. */
  readonly validUntil: number | null;
  readonly settledAt: number | null;
  /** Why it is not placed or not known, as a stable code. */
  readonly reason: string | null;
  /** The process whose business it is until it is settled; `null` where a version without instances wrote it. */
  readonly instance: string | null;
}

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
