/**
 * The last look at an order before it leaves. First everything that may wait: the call's turn in the budget, and the
 * clock that the order is dated by. Then, with nothing awaited up to the request: what counts for the order now, the
 * transaction that writes it down as sent, and what counts once more, as writing may have taken long.
 */

import type { Reservation } from "../../exchange/budget.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { Order } from "../orders/order.ts";
import { toRequestParams } from "../orders/order_rules.ts";
import type { Refused } from "../policy/begin_checks.ts";
import type { Placement, Repeated } from "../record/recorded_placement.ts";
import { orFailure } from "../record/store_error.ts";
import type { RecordFailure } from "../record/store_error.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { placementOf } from "./place_request.ts";
import type { PlaceOptions, PlaceRequest } from "./place_request.ts";
import { refuse } from "./placement_result.ts";
import type { RefusedResult } from "./placement_result.ts";
import type { Terms } from "./sending_terms.ts";

/** For how long the exchange may take a request, in milliseconds from its timestamp. */
export const TTL_MS = 5_000;

/** An order that may leave in this turn of the event loop. */
export interface Ready {
  readonly reservation: Reservation;
  /** By the exchange's clock. */
  readonly timestamp: number;
  readonly validUntil: number;
}

/** What the last look comes to. */
export type LastLook =
  /** The order is written down as sent: its request is to be made at once. */
  | { readonly kind: "begun"; readonly placement: Placement }
  /** It is written down as sent, but its request must not be made any more. */
  | { readonly kind: "too_late"; readonly placement: Placement; readonly why: RefusedResult }
  /** Nothing is written down. */
  | { readonly kind: "forbidden"; readonly why: RefusedResult }
  | Repeated
  | Refused
  | RecordFailure;

/** Waits for the call's turn in the budget, and then for a clock that the order can be dated by. */
export async function prepare(
  { clock, exchange, now }: ExecutorParts,
  order: Order,
  { signal }: PlaceOptions,
): Promise<Ready | RefusedResult> {
  let reservation: Reservation;
  try {
    reservation = await exchange.reserve(toRequestParams(order).endpoint, { signal });
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    return error.code === "ERR_CANCELLED" ? cancelled() : refuse(error.code, error.message, error.retryAfterMs);
  }
  try {
    const verdict = await clock.check(order.pair);
    if (verdict.ok) {
      const timestamp = Math.floor(clock.earliest() ?? now());
      return { reservation, timestamp, validUntil: timestamp + TTL_MS };
    }
    reservation.release();
    return refuse(verdict.code, verdict.message);
  } catch (error) {
    reservation.release();
    throw error;
  }
}

/** Writes the order down as sent, unless something forbids it. Waits for nothing, and neither may what follows. */
export function lookLast(
  parts: ExecutorParts,
  request: PlaceRequest,
  { ready: { validUntil }, options }: { readonly ready: Ready; readonly options: PlaceOptions },
): LastLook {
  const { journal, now, clock } = parts;
  const terms = termsNow(parts, request, options);
  if ("status" in terms) return { kind: "forbidden", why: terms };
  const { policy, notional, worstPrice = null } = terms;
  const entry = { ...placementOf(request, parts), policyDigest: policy.digest, notional, worstPrice, validUntil };
  const begun = orFailure(() => journal.begin(entry, policy, now()));
  if (begun.kind !== "begun") return begun;
  const why = changedMeanwhile(terms, termsNow(parts, request, options)) ??
    (clock.hasPassed(validUntil) ? tooLate() : undefined);
  return why === undefined ? begun : { ...begun, kind: "too_late", why };
}

/** What counts for an order now, or why it may not be sent any more. */
function termsNow(
  { signal: ending }: ExecutorParts,
  { order, termsOf }: PlaceRequest,
  { signal }: PlaceOptions,
): Terms | RefusedResult {
  return signal?.aborted || ending.aborted ? cancelled() : termsOf(order);
}

/** Whatever ended a right while the order was written down is seen here. */
function changedMeanwhile(before: Terms, after: Terms | RefusedResult): RefusedResult | undefined {
  if ("status" in after) return after;
  if (after.policy.digest === before.policy.digest) return undefined;
  return refuse("ERR_PREVIEW_STALE", "Nothing was sent, as the policy has changed meanwhile: preview the order again");
}

function tooLate(): RefusedResult {
  return refuse("ERR_TOO_LATE", "Nothing was sent, as writing the order down took too long: preview it again");
}

function cancelled(): RefusedResult {
  return refuse("ERR_CANCELLED", "Cannot place the order as it was cancelled: nothing was sent");
}
