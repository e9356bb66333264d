/**
 * The last look at an order before it leaves. First the call's turn in the budget, and the clock that the order is dated
 * by; then what counts for the order, and the transaction that writes it down as sent under those terms. All of these
 * may wait. Last, with nothing awaited up to the request: what counts once more, as anything may have ended meanwhile.
 */

import type { Reservation } from "../../exchange/call_supply.ts";
import { ExchangeError } from "../../exchange/errors.ts";
import type { Order } from "../orders/order.ts";
import { toRequestParams } from "../orders/order_rules.ts";
import { haltSentence } from "../policy/halt.ts";
import type { Begun } from "../record/recorded_placement.ts";
import { orFailure } from "../record/store_error.ts";
import type { RecordFailure } from "../record/store_error.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import type { NamedPlacement, PlaceOptions, PlaceRequest } from "./place_request.ts";
import { refuse } from "./placement_result.ts";
import type { RefusedResult } from "./placement_result.ts";
import type { Terms } from "./sending_terms.ts";

/** For how long the exchange may take a request, in milliseconds from its timestamp. */
export const TTL_MS = 5_000;

/** An order that has its turn in the call budget, and its date. */
export interface Ready {
  readonly reservation: Reservation;
  /** By the exchange's clock. */
  readonly timestamp: number;
  readonly validUntil: number;
}

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

/** What counts for an order now, or why it may not be sent any more. Waits for nothing. */
export function termsNow(
  parts: Pick<ExecutorParts, "signal" | "pendingHalt">,
  { order, termsOf }: PlaceRequest,
  options: PlaceOptions,
): Terms | RefusedResult {
  return whyNotHere(parts, options) ?? termsOf(order);
}

/** Why this process sends nothing for the call, whatever the order. */
function whyNotHere(
  { signal: ending, pendingHalt }: Pick<ExecutorParts, "signal" | "pendingHalt">,
  { signal }: PlaceOptions,
): RefusedResult | undefined {
  if (signal?.aborted || ending.aborted) return cancelled();
  const halt = pendingHalt();
  return halt.halted ? refuse("ERR_TRADING_HALTED", haltSentence("place the order", halt)) : undefined;
}

/** Writes the order down as sent under these terms, unless the record knows something that forbids it. */
export function writeDown(
  parts: ExecutorParts,
  named: NamedPlacement,
  { terms, ready: { validUntil } }: { readonly terms: Terms; readonly ready: Ready },
): Promise<Begun | RecordFailure> {
  const { journal, now } = parts;
  const { policy, notional, worstPrice = null } = terms;
  const entry = { ...named, policyDigest: policy.digest, notional, worstPrice, validUntil };
  return orFailure(() => journal.begin(entry, policy, now()));
}

/**
 * Why an order that was written down must not leave any more: whatever ended a right while it was written is seen here.
 * Waits for nothing, and neither may what follows.
 */
export function whyNotNow(
  parts: ExecutorParts,
  request: PlaceRequest,
  { terms, ready: { validUntil }, options }: {
    readonly terms: Terms;
    readonly ready: Ready;
    readonly options: PlaceOptions;
  },
): RefusedResult | undefined {
  return whyNotHere(parts, options) ?? request.whyNot(terms) ??
    (parts.clock.hasPassed(validUntil) ? tooLate() : undefined);
}

function tooLate(): RefusedResult {
  return refuse("ERR_TOO_LATE", "Nothing was sent, as writing the order down took too long: preview it again");
}

function cancelled(): RefusedResult {
  return refuse("ERR_CANCELLED", "Cannot place the order as it was cancelled: nothing was sent");
}
