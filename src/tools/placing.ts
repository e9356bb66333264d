/** Previews, places and replaces orders. */

import { z } from "zod";
import type { Broker } from "../trading/broker.ts";
import type { Unconfirmed } from "../trading/confirmation/confirmer.ts";
import type { PlacementResult, RefusedResult } from "../trading/execution/placement_result.ts";
import type { OrderRequest } from "../trading/orders/order.ts";
import { TradingError } from "../trading/orders/trading_error.ts";
import { argumentError } from "./argument_problems.ts";
import { brokerOf, callOf, LOOKS, PLACES } from "./broker_call.ts";
import { Cancelled } from "./cancelling.ts";
import { ConfirmationNeeded } from "./confirmation_needed.ts";
import { ClientOrderId, OrderId, PairText } from "./inputs.ts";
import { targetOf } from "./order_target.ts";
import { PreviewOutput, previewRow } from "./preview_row.ts";
import { ArgumentError, defineTool } from "./tool.ts";

const Decimal = z.string().max(60).describe("decimal, such as 0.05");

const Side = z.enum(["BUY", "SELL", "BID", "ASK"]).describe("BID is BUY, ASK is SELL");

const orderFields = {
  pair: PairText,
  side: Side,
  type: z.enum(["limit", "market", "stop_limit"]).default("limit"),
  volume: Decimal.optional().describe("in base currency; this or counter_volume"),
  counter_volume: Decimal.optional().describe("in counter currency"),
  price: Decimal.optional().describe("limit price, counter per base"),
  time_in_force: z.enum(["GTC", "IOC", "FOK"]).optional(),
  post_only: z.boolean().optional(),
  stop_price: Decimal.optional(),
  stop_direction: z.enum(["ABOVE", "BELOW", "RELATIVE_LAST_TRADE"]).optional(),
};

const OrderInput = z.strictObject(orderFields);

/** A default would conflict with the fields of a preview. */
const PartialOrder = OrderInput.partial().extend({ type: orderFields.type.removeDefault().optional() });
type PartialOrder = z.output<typeof PartialOrder>;

const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,100}$/, {
  error: "expected 1 to 100 visible ASCII characters without blanks",
}).optional()
  .describe("the same call again with the same key answers the first result");

const PreviewId = z.string().regex(/^pv-[0-9a-f]{32}$/, { error: "expected the preview_id of preview_order" });

const Placement = z.object({
  status: z.enum(["placed", "not_placed", "unknown", "awaiting_confirmation"]),
  order_id: z.string().optional(),
  client_order_id: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  retry_after_ms: z.int().optional(),
  repeated: z.boolean().optional(),
  preview_id: z.string().optional().describe("call place_order with it to wait on"),
  paper: z.boolean().optional(),
});

/** The tool that previews an order. */
export const previewOrder = defineTool({
  name: "preview_order",
  title: "Preview an order",
  description:
    "What an order would do now, nothing is sent: exact order, fills from the live book, slippage, fees, balances, what the policy says. Answers a preview_id for place_order, good for 60 s and one use.",
  group: "trading",
  scope: "account:read",
  annotations: LOOKS,
  input: OrderInput,
  output: PreviewOutput,
  async run(input, context) {
    return previewRow(await brokerOf(context).preview(requestOf(input), callOf(context)));
  },
});

/** The tool that places an order. */
export const placeOrder = defineTool({
  name: "place_order",
  title: "Place an order",
  description:
    "Buys or sells: places a previewed order (preview_id), or an order in full. It is sent once: status unknown means that it may exist: look it up before placing another. A person may have to confirm it.",
  group: "trading",
  scope: "orders:write",
  annotations: PLACES,
  input: z.strictObject({
    preview_id: PreviewId.optional(),
    ...PartialOrder.shape,
    idempotency_key: IdempotencyKey,
  }),
  output: Placement,
  async run({ preview_id, idempotency_key, ...order }, context) {
    const request = orderOrPreview(preview_id, order);
    const placing = { previewId: preview_id, request, idempotencyKey: idempotency_key };
    return placementRow(await brokerOf(context).place(placing, callOf(context)));
  },
});

/** The tool that replaces an order. */
export const replaceOrder = defineTool({
  name: "replace_order",
  title: "Replace an order",
  description:
    "Cancels an order, waits until it is final, then places what is left of it at another price or volume. Two are never alive for the same volume.",
  group: "trading",
  scope: "orders:write",
  annotations: PLACES,
  input: z.strictObject({
    order_id: OrderId.optional(),
    client_order_id: ClientOrderId.optional(),
    price: Decimal.optional(),
    volume: Decimal.optional().describe("base to be on the book from now on"),
    post_only: z.boolean().optional(),
    idempotency_key: IdempotencyKey,
  }),
  output: z.object({
    status: z.enum(["replaced", "cancelled_only", "nothing_left", "not_replaced", "repeated", "awaiting_confirmation"]),
    old: Cancelled.optional(),
    placement: Placement.optional(),
    message: z.string().optional(),
  }),
  async run({ price, volume, post_only, idempotency_key, ...ids }, context) {
    const target = targetOf(ids);
    if (price === undefined && volume === undefined && post_only === undefined) {
      throw new ArgumentError("price", "expected at least one of price, volume and post_only: nothing would change");
    }
    const replacement = { target, price, volume, postOnly: post_only, idempotencyKey: idempotency_key };
    const result = await brokerOf(context).replace(replacement, callOf(context));
    if (result.status === "refused") throw refusal(result);
    if (result.status === "ask" || result.status === "awaiting_confirmation") {
      const { status, message } = waiting(result, "this call has to be made again");
      return { status, message };
    }
    const isRefused = "placement" in result && result.placement.status === "refused";
    const { status } = result;
    return {
      status: isRefused ? ("cancelled_only" as const) : status,
      ...("old" in result ? { old: { ...result.old } } : {}),
      ...("placement" in result ? { placement: notPlacedRow(result.placement) } : {}),
      ...("message" in result ? { message: result.message } : {}),
    };
  },
});

function requestOf({ side, ...order }: z.output<typeof OrderInput>): OrderRequest {
  return { ...order, side: side === "BID" ? "BUY" : side === "ASK" ? "SELL" : side };
}

function orderOrPreview(previewId: string | undefined, order: PartialOrder): OrderRequest | undefined {
  const given = Object.entries(order).filter(([, value]) => value !== undefined);
  if (previewId === undefined) return requestOf(wholeOrder(order));
  const [extra] = given;
  if (extra === undefined) return undefined;
  throw new ArgumentError(extra[0], "expected nothing beside preview_id, which stands for the whole order");
}

/** Each field was validated before: only completeness is left to check. */
function wholeOrder({ pair, side, type = "limit", ...rest }: PartialOrder): z.output<typeof OrderInput> {
  if (pair !== undefined && side !== undefined) return { ...rest, pair, side, type };
  const given = Object.fromEntries(Object.entries({ pair, side, ...rest }).filter(([, value]) => value !== undefined));
  const { error } = OrderInput.safeParse(given);
  if (error === undefined) throw new TypeError("Cannot find what an order lacks");
  throw argumentError({ input: OrderInput, args: given, error }, "give preview_id, or the order in full");
}

function placementRow(result: Awaited<ReturnType<Broker["place"]>>): z.output<typeof Placement> {
  if (result.status === "refused") throw refusal(result);
  return result.status === "ask" || result.status === "awaiting_confirmation"
    ? waiting(result, "place_order has to be called with this preview_id")
    : result;
}

/** The old order is cancelled by then, so that a refusal of the new one is reported with it. */
function notPlacedRow(result: PlacementResult): z.output<typeof Placement> {
  return result.status === "refused" ? { ...result, status: "not_placed" } : result;
}

function refusal(
  { reason, message, retry_after_ms }: RefusedResult,
): TradingError {
  return new TradingError(message, { code: reason, retryAfterMs: retry_after_ms });
}

function waiting(
  result: Unconfirmed,
  then: string,
): { status: "awaiting_confirmation"; preview_id: string; message: string } {
  if (result.status === "ask") throw new ConfirmationNeeded(result.token, result.text);
  const { previewId, approvalId, ways, equal, isDialogRefused, expiresInMs } = result;
  const places = ways.map((way) =>
    way === "page"
      ? "on the page that the server names on its stderr, while it runs,"
      : `with luno-mcp-server approve ${approvalId} in a terminal`
  );
  const seconds = Math.floor(expiresInMs / 1_000);
  const remarks = [
    ...(equal.length === 0 ? [] : [`an equal order of yours waits apart from this one, as ${equal.join(" and ")}`]),
    ...(isDialogRefused ? [DIALOG_REFUSED] : []),
  ];
  return {
    status: "awaiting_confirmation",
    preview_id: previewId,
    message: `Nothing was sent yet: within ${seconds} s a person has to approve the order, ${places.join(" or ")}, ` +
      `and ${then}${remarks.map((remark) => ` (${remark})`).join("")}`,
  };
}

const DIALOG_REFUSED =
  "this client's own dialog does not count for this identity, as whoever holds its credential can " +
  'answer it without a person; the operator can allow it with "dialog" in confirm_by of the policy or --confirm-by';
