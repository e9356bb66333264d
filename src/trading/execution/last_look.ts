/**
 * The last checks of an order before it is sent. First its place in the call budget, and the clock that dates it; then
 * the terms in force, and the transaction that records it as sent under those terms. All of these may wait. Finally,
 * without awaiting anything before the request: the terms once more, as anything may have changed meanwhile.
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

/** How long the exchange may take to accept a request, in milliseconds from its timestamp. */
export const TTL_MS = 5_000;

/** An order that has its place in the call budget, and its date. */
export interface Ready {
  readonly reservation: Reservation;
  /** By the exchange's clock. */
  readonly timestamp: number;
  readonly validUntil: number;
}

/** Waits for a place in the call budget, and then for a clock that can date the order. */
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

/** The terms in force for an order, or why it may not be sent. Waits for nothing. */
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

/** Records the order as sent under these terms, unless the record contains something that forbids it. */
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
 * Why a recorded order must not be sent: detects rights that ended while it was being recorded. Waits for nothing, nor
 * may the code that follows.
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
