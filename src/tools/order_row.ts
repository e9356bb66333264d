/** An order in answers: its status in one word, and what it has traded so far. */

import { z } from "zod";
import { formatDecimal, parseDecimal } from "../money/decimals.ts";
import { standingOf } from "../exchange/order_standing.ts";
import type { Order } from "../exchange/order_schemas.ts";
import { ExchangeText, exchangeText } from "./exchange_text.ts";
import { isoTime } from "./inputs.ts";

/** The status of an order in answers. */
const Standing = z.enum(["awaiting", "open", "partially_filled", "filled", "cancelled", "expired", "unknown"])
  .describe("unknown: the exchange does not say whether it is alive");

/** The columns of an order. */
export const ORDER_FIELDS = [
  "order_id",
  "client_order_id",
  "pair",
  "side",
  "type",
  "status",
  "price",
  "volume",
  "filled_volume",
  "filled_value",
  "average_price",
  "fee_base",
  "fee_counter",
  "time_in_force",
  "stop_price",
  "stop_direction",
  "created",
  "completed",
] as const;

/** One order. */
export const OrderRow = z.object({
  order_id: z.string(),
  client_order_id: ExchangeText.optional(),
  pair: z.string(),
  side: z.enum(["BUY", "SELL"]),
  type: z.string(),
  status: Standing,
  price: z.string().optional(),
  volume: z.string().optional(),
  filled_volume: z.string(),
  filled_value: z.string().describe("in counter currency, without fees"),
  average_price: z.string().optional(),
  fee_base: z.string(),
  fee_counter: z.string(),
  time_in_force: z.string().optional(),
  stop_price: z.string().optional(),
  stop_direction: z.string().optional(),
  created: z.string().optional(),
  completed: z.string().optional(),
});

/** Shapes an order for an answer. */
export function orderRow(order: Order): z.output<typeof OrderRow> {
  const filled = parseDecimal(order.base);
  return {
    order_id: order.order_id,
    ...(order.client_order_id === "" ? {} : { client_order_id: exchangeText(order.client_order_id) }),
    pair: order.pair,
    side: order.side,
    type: order.type,
    status: standingOf(order),
    ...given("price", order.limit_price),
    ...given("volume", order.limit_volume),
    filled_volume: order.base,
    filled_value: order.counter,
    ...(filled.gt(0) ? { average_price: formatDecimal(parseDecimal(order.counter).div(filled).round(8)) } : {}),
    fee_base: order.fee_base,
    fee_counter: order.fee_counter,
    ...given("time_in_force", order.time_in_force),
    ...given("stop_price", order.stop_price),
    ...given("stop_direction", order.stop_direction),
    created: isoTime(order.creation_timestamp),
    completed: isoTime(order.completed_timestamp),
  };
}

/** Luno writes "" or "0" when a field does not apply. */
function given<Name extends string>(name: Name, value: string): { [N in Name]?: string } | Record<never, never> {
  return value === "" || value === "0" ? {} : { [name]: value };
}
