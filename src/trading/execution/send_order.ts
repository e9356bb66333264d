/** Sends the single request of an order, and classifies its answer. */

import type { ErrorCode } from "../../errors/error_table.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { ExchangeErrorCode } from "../../exchange/errors.ts";
import { toRequestParams } from "../orders/order_rules.ts";
import type { Placement, Settlement } from "../record/recorded_placement.ts";
import { DATE_RESOLUTION_MS } from "./exchange_clock.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { TTL_MS } from "./last_look.ts";
import type { Ready } from "./last_look.ts";
import { LIKELY_ID } from "./likely_id.ts";
import type { Telling } from "./placement_result.ts";
import { READ_LAG_MS } from "./reconcile.ts";

/** Refusals of orders that the exchange never accepted, in this copy of the request or another. */
const NEVER_ACCEPTED: ReadonlySet<ExchangeErrorCode> = new Set([
  "ERR_CREDENTIALS_MISSING",
  "ERR_CREDENTIALS_REFUSED",
  "ERR_PERMISSION_MISSING",
  "ERR_FORBIDDEN",
  "ERR_BUDGET_EXHAUSTED",
  "ERR_UNAVAILABLE",
  "ERR_NETWORK",
  "ERR_CANCELLED",
  "ERR_TIMEOUT",
  "ERR_PAIR_UNKNOWN",
  "ERR_CURRENCY_UNKNOWN",
  "ERR_ARGUMENT_REFUSED",
]);

/** The result of the request. */
export type Sent =
  | { readonly kind: "settled"; readonly outcome: Settlement; readonly telling?: Telling }
  | Doubt;

/** Whether the order exists is still to be determined. */
export interface Doubt {
  readonly kind: "in_doubt";
  readonly reason: ErrorCode;
  readonly absentAfter: number | null;
  /** The answer to give when it turns out not to exist. */
  readonly telling?: Telling;
}

/** Makes the request of an order that was recorded as sent immediately before. */
export async function sendOrder(
  { exchange, clock }: Pick<ExecutorParts, "exchange" | "clock">,
  { order, clientOrderId }: Placement,
  { reservation, timestamp, validUntil }: Ready,
): Promise<Sent> {
  const timed = { client_order_id: clientOrderId, timestamp, ttl: TTL_MS };
  try {
    const call = toRequestParams(order);
    const { order_id } = call.endpoint === "postMarketOrder"
      ? await exchange.call(call.endpoint, { ...call.params, ...timed }, { reservation })
      : await exchange.call(call.endpoint, { ...call.params, ...timed }, { reservation });
    if (!LIKELY_ID.test(order_id)) return inDoubt("ERR_ANSWER_INVALID", validUntil);
    return { kind: "settled", outcome: { state: "placed", orderId: order_id } };
  } catch (error) {
    if (!(error instanceof ExchangeError)) return inDoubt("ERR_INTERNAL", validUntil);
    return classify(error, { clock, validUntil });
  }
}

/**
 * What an error means for the order. A proxy may have repeated the request, and then the answer is that to the last
 * copy: only errors that no copy of an accepted order would get are conclusive.
 */
function classify(
  error: ExchangeError,
  { clock, validUntil }: { readonly clock: ExecutorParts["clock"]; readonly validUntil: number },
): Sent {
  if (error.code === "ERR_DUPLICATE") return { kind: "in_doubt", reason: error.code, absentAfter: null };
  if (error.outcome === "unknown") return inDoubt(error.code, validUntil);
  const telling = { message: error.message, retryAfterMs: error.retryAfterMs };
  if (NEVER_ACCEPTED.has(error.code)) {
    return { kind: "settled", outcome: { state: "not_placed", reason: error.code }, telling };
  }
  // This answers the last copy: an order accepted through another copy is visible once reads have caught up.
  const answeredAt = (clock.earliest() ?? validUntil) + DATE_RESOLUTION_MS;
  return { ...inDoubt(error.code, Math.min(answeredAt, validUntil)), telling };
}

function inDoubt(reason: ErrorCode, lastPossible: number): Doubt {
  return { kind: "in_doubt", reason, absentAfter: lastPossible + READ_LAG_MS };
}
