/** Cancels one order, or all. */

import { z } from "zod";
import { brokerOf, callOf, CANCELS } from "./broker_call.ts";
import { ClientOrderId, OrderId, PairText } from "./inputs.ts";
import { targetOf } from "./order_target.ts";
import { defineTool } from "./tool.ts";

/** The outcome of a cancellation. */
export const Cancelled = z.object({
  status: z.enum(["cancelled", "filled", "ended", "open", "unknown", "not_found"]),
  order_id: z.string().optional(),
  client_order_id: z.string().optional(),
  pair: z.string().optional(),
  side: z.string().optional(),
  filled_volume: z.string().optional(),
  filled_value: z.string().optional(),
  fee_base: z.string().optional(),
  fee_counter: z.string().optional(),
  unfilled_volume: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

const EndedRow = Cancelled.omit({ reason: true, message: true });

const OpenRow = Cancelled.pick({ status: true, order_id: true, client_order_id: true, reason: true, message: true });

/** The tool that cancels one order. */
export const cancelOrder = defineTool({
  name: "cancel_order",
  title: "Cancel an order",
  description: "Cancels one order, waits until it is final and reports what it traded. Needs no approval.",
  group: "trading",
  scope: "orders:write",
  annotations: CANCELS,
  input: z.strictObject({ order_id: OrderId.optional(), client_order_id: ClientOrderId.optional() }),
  output: Cancelled,
  async run(input, context) {
    return { ...await brokerOf(context).cancel(targetOf(input), callOf(context)) };
  },
});

/** The tool that cancels all orders. */
export const cancelAllOrders = defineTool({
  name: "cancel_all_orders",
  title: "Cancel all orders",
  description: "Cancels every open order of the account, or those of one pair, and reports which remain.",
  group: "trading",
  scope: "orders:write",
  annotations: CANCELS,
  input: z.strictObject({ pair: PairText.optional() }),
  output: z.object({
    cancelled: z.array(EndedRow),
    ended: z.array(EndedRow).describe("filled or ended before"),
    remaining: z.array(OpenRow),
    is_complete: z.boolean().describe("false: others may remain"),
    list_error: z.string().optional(),
  }),
  async run({ pair }, context) {
    const result = await brokerOf(context).cancelAll({ pair }, callOf(context));
    const { cancelled, ended, remaining, is_complete, list_error } = result;
    return {
      cancelled: [...cancelled],
      ended: [...ended],
      remaining: [...remaining],
      is_complete,
      ...(list_error === undefined ? {} : { list_error }),
    };
  },
});
