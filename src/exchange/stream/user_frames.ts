/** Parses the frames of the user stream: own orders, fills and ledger rows. */

import { z } from "zod";
import { parseJson } from "../json.ts";
import { Code, Decimal, DecimalOrZero, Id, Text, Timestamp, word } from "../wire_types.ts";
import { type ErrorFrame, FrameError, parseFrame, readErrorFrame } from "./market_frames.ts";

const order = {
  order_id: Id,
  /** Empty when the owner gave none. */
  client_order_id: Text,
  market_id: Code,
};

/** The status of an order changed. A cancelled order is `COMPLETE` too. */
export const OrderStatusUpdate = z.object({ ...order, status: word(["AWAITING", "PENDING", "COMPLETE"]) });

/**
 * An order was filled, partly or fully: `_fill` and `_fee` are cumulative, the deltas are of this fill alone. All
 * decimals; base and counter without fees.
 */
export const OrderFillUpdate = z.object({
  ...order,
  base_fill: Decimal,
  counter_fill: Decimal,
  base_delta: Decimal,
  counter_delta: Decimal,
  base_fee: DecimalOrZero,
  counter_fee: DecimalOrZero,
  base_fee_delta: DecimalOrZero,
  counter_fee_delta: DecimalOrZero,
});

/** A row was added to the ledger of an account; rows count from 1. `balance` includes what is reserved. */
export const BalanceUpdate = z.object({
  account_id: Id,
  row_index: z.int().nonnegative(),
  balance: Decimal,
  balance_delta: Decimal,
  available: Decimal,
  available_delta: Decimal,
});

/** One message of the user stream. `timestamp` in milliseconds since the Unix epoch. */
export type UserEvent =
  & { readonly timestamp: number }
  & (
    | { readonly type: "order_status"; readonly status: z.output<typeof OrderStatusUpdate> }
    | { readonly type: "order_fill"; readonly fill: z.output<typeof OrderFillUpdate> }
    | { readonly type: "balance"; readonly balance: z.output<typeof BalanceUpdate> }
  );

/** Any message of the user stream; `other` is one that the exchange has added since. */
export type UserFrame =
  | { readonly kind: "event"; readonly event: UserEvent }
  | ErrorFrame
  | { readonly kind: "keep_alive" | "other" };

const Envelope = z.object({
  timestamp: Timestamp,
  order_status_update: OrderStatusUpdate.nullish(),
  order_fill_update: OrderFillUpdate.nullish(),
  balance_update: BalanceUpdate.nullish(),
});

/**
 * Parses a message.
 *
 * @throws {FrameError} when it is none of the documented ones
 */
export function readUserFrame(text: string): UserFrame {
  if (text === '""' || text === "") return { kind: "keep_alive" };
  const frame = parseFrame(text, parseJson);
  if (frame.error_code !== undefined || frame.error !== undefined) return readErrorFrame(frame);
  const read = Envelope.safeParse(frame);
  if (!read.success) throw new FrameError("Cannot read a message of the exchange's user stream");
  const { timestamp, order_status_update: status, order_fill_update: fill, balance_update: balance } = read.data;
  if (status) return { kind: "event", event: { type: "order_status", timestamp, status } };
  if (fill) return { kind: "event", event: { type: "order_fill", timestamp, fill } };
  if (balance) return { kind: "event", event: { type: "balance", timestamp, balance } };
  return { kind: "other" };
}
