/**
 * Replaces an order by another one: cancels it, waits until it is final, and places only the rest. Two orders are never
 * live for the same volume; unless the first is known to be final, nothing is placed.
 */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { Order, OrderReference } from "../orders/order.ts";
import type { Placement, ReplacementAttempt } from "../record/recorded_placement.ts";
import { StoreError } from "../record/store_error.ts";
import { cancelOrder } from "./cancel.ts";
import { endedOrder, isEnded } from "./cancel_result.ts";
import type { CancelResult, EndedOrder } from "./cancel_result.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import { endingOf } from "./open_orders.ts";
import type { Placements } from "./placement.ts";
import { placementOf } from "./place_request.ts";
import type { PlaceOptions, PlaceRequest } from "./place_request.ts";
import { type PlacementResult, refuse, type RefusedResult } from "./placement_result.ts";
import { lookUp } from "./reconcile.ts";
import type { Look } from "./reconcile.ts";

/** The replacement of one order. */
export interface ReplaceRequest extends PlaceRequest {
  readonly target: OrderReference;
  /** The new order in full, as if nothing traded from now on; it has a `volume`. */
  readonly order: Order;
  /**
   * What the old order had traded when the new one was computed; further trades are deducted.
   *
   * @default "0"
   */
  readonly filledBefore?: string | undefined;
  /**
   * A smaller rest is not placed.
   *
   * @default "0"
   */
  readonly minVolume?: string | undefined;
  /**
   * What the same call needs to continue after an interruption.
   *
   * @default null
   */
  readonly resumeWith?: string | null | undefined;
}

/** The result of a replacement. */
export type ReplaceResult =
  /** The old order is final; `placement` describes the new one. */
  | { readonly status: "replaced"; readonly old: EndedOrder; readonly placement: PlacementResult }
  /** The old order is final and left nothing to place. */
  | { readonly status: "nothing_left"; readonly old: EndedOrder; readonly message: string }
  /** Nothing was placed, as the old order is not known to be final. */
  | { readonly status: "not_replaced"; readonly old: CancelResult; readonly message: string }
  /** The same call was made before; this is the outcome of its order. */
  | { readonly status: "repeated"; readonly placement: PlacementResult }
  | RefusedResult;

/**
 * Replaces an order. A call that is repeated after an interruption continues where it ended.
 *
 * @throws {ExchangeError} when the exchange does not let this key cancel
 */
export async function replaceOrder(
  { parts, placements }: { readonly parts: ExecutorParts; readonly placements: Placements },
  request: ReplaceRequest,
  options: PlaceOptions = {},
): Promise<ReplaceResult> {
  const { identity, order, idempotencyKey = null } = request;
  if (order.volume === undefined) throw new TypeError("Cannot replace an order by one without a volume in base");
  const earlier = await findEarlier(parts, { identity, idempotencyKey });
  if (earlier === "unreadable") {
    return refuse(
      "ERR_RECORD_FAILED",
      "Cannot replace the order as the trading database cannot be read: nothing was sent",
    );
  }
  if (earlier !== undefined) return await repeat(placements, request, earlier);
  const claimed = await claimOrder(parts, request);
  if (!claimed.ok) return claimed.result;
  const { claim } = claimed;
  try {
    return await replaceClaimed({ parts, placements }, { ...request, replaces: claim }, options);
  } finally {
    await releaseOrder(parts, claim, { isUntouched: false });
  }
}

async function replaceClaimed(
  { parts, placements }: { readonly parts: ExecutorParts; readonly placements: Placements },
  request: ReplaceRequest & { readonly replaces: ReplacementAttempt },
  options: PlaceOptions,
): Promise<ReplaceResult> {
  const { identity, order, idempotencyKey = null, asked, replaces } = request;
  const { orderId } = replaces;
  const old = await cancelOrder(parts, { orderId }, identity);
  if (!isEnded(old)) {
    const why = old.status === "not_found" ? "was not found" : "is not known to be final";
    return { status: "not_replaced", old, message: `Nothing was placed, as the old order ${why}` };
  }
  const rest = restOf(request, old);
  await note(parts, request, {
    old: old.order_id,
    filled: old.filled_volume,
    wanted: order.volume ?? null,
    placed: formatDecimal(rest),
  });
  if (rest.lte(0) || rest.lt(parseDecimal(request.minVolume ?? "0"))) {
    return nothingLeft(old, formatDecimal(rest));
  }
  const placed: Order = { ...order, volume: formatDecimal(rest) };
  const { previewId, termsOf, whyNot } = request;
  const placing = { order: placed, identity, previewId, idempotencyKey, asked, replaces, termsOf, whyNot };
  return { status: "replaced", old, placement: await placements.place(placing, options) };
}

async function findEarlier(
  { journal, scope }: ExecutorParts,
  { identity, idempotencyKey }: { readonly identity: string; readonly idempotencyKey: string | null },
): Promise<Placement | undefined | "unreadable"> {
  try {
    return idempotencyKey === null ? undefined : await journal.findByKey(identity, idempotencyKey, scope);
  } catch (error) {
    if (error instanceof StoreError) return "unreadable";
    throw error;
  }
}

/** The rest that was placed may be smaller than requested, so an earlier call is recognized by everything else. */
async function repeat(placements: Placements, request: ReplaceRequest, earlier: Placement): Promise<ReplaceResult> {
  const { identity, idempotencyKey, order, asked = null, termsOf, whyNot } = request;
  const isLike = withoutVolume(earlier.order) === withoutVolume(order) &&
    parseDecimal(earlier.order.volume ?? "0").lte(parseDecimal(order.volume ?? "0"));
  if (earlier.asked !== null && asked !== null ? earlier.asked !== asked : !isLike) {
    const message = "Cannot replace the order as the idempotency key was used for another one: use a new key";
    return refuse("ERR_IDEMPOTENCY_MISMATCH", message);
  }
  const { previewId } = earlier;
  const again = { order: earlier.order, identity, previewId, idempotencyKey, asked: earlier.asked };
  const placement = await placements.place({ ...again, termsOf, whyNot });
  return { status: "repeated", placement };
}

function restOf({ order, filledBefore = "0" }: ReplaceRequest, old: EndedOrder): Big {
  const tradedSince = parseDecimal(old.filled_volume).minus(parseDecimal(filledBefore));
  const deducted = tradedSince.gt(0) ? tradedSince : new Big(0);
  return parseDecimal(order.volume ?? "0").minus(deducted);
}

function withoutVolume({ volume: _volume, ...order }: Order): string {
  return JSON.stringify(Object.entries(order).toSorted(([a], [b]) => a < b ? -1 : 1));
}

async function note(
  { audit, now, pendingWrites, scope: { account, venue } }: ExecutorParts,
  { identity }: ReplaceRequest,
  data: Record<string, unknown>,
): Promise<void> {
  const at = now();
  const event = { event: "replace", identity, orderId: String(data["old"]), account, venue, data } as const;
  await pendingWrites.write(() => audit.record(event, at));
}

/** The order is claimed for this call; or the result that the call gets instead. */
type Claimed =
  | { readonly ok: true; readonly claim: ReplacementAttempt }
  | { readonly ok: false; readonly result: ReplaceResult };

/**
 * Ensures, before anything is cancelled, that this is the only replacement of the order, that the order is still open,
 * and that the new one would be accepted. An interrupted call continues, whatever the order's present state.
 */
async function claimOrder(parts: ExecutorParts, request: ReplaceRequest): Promise<Claimed> {
  const { instance, now, replacements, scope: { account, venue } } = parts;
  const { target, identity, idempotencyKey = null, asked = null, resumeWith: terms = null } = request;
  const look = await lookUp(parts, target);
  if (look.kind !== "found") return notReplaced("the old order could not be read", missing(look, target));
  const { order_id: orderId } = look.order;
  const claim = { account, venue, orderId, attempt: crypto.randomUUID() };
  try {
    const ending = endingOf(look.order);
    const whose = { ...claim, identity, idempotencyKey, asked, terms, instance: instance.id };
    const { kind, isOver, placement } = await replacements.claim(whose, {
      isFinal: ending !== undefined,
      now: now(),
    });
    if (kind === "resumed" && isOver) return { ok: true, claim };
    if (kind === "taken") return taken(orderId);
    if (kind === "over") {
      const old = endedOrder(look.order, { ending: ending ?? "ended", placement });
      if (old.status === "filled") return { ok: false, result: nothingLeft(old, "0") };
      return notReplaced("the old order is final already", old);
    }
    const refused = await wouldRefuse(parts, { ...request, replaces: claim }, placement);
    if (refused === undefined) return { ok: true, claim };
    await releaseOrder(parts, claim, { isUntouched: true });
    return { ok: false, result: refused };
  } catch (error) {
    await releaseOrder(parts, claim, { isUntouched: true });
    if (!(error instanceof StoreError)) throw error;
    return { ok: false, result: refuse("ERR_RECORD_FAILED", `${error.message} (nothing was sent)`) };
  }
}

function taken(orderId: string): Claimed {
  return notReplaced("another call replaces or has replaced it", {
    status: "open",
    order_id: orderId,
    reason: "ERR_REPLACED_ALREADY",
    message: "Another call replaces this order or has replaced it: check the open orders",
  });
}

/** What would prevent the new order; the old one frees its place among the open orders. */
async function wouldRefuse(
  { instance, journal, clock, now, scope }: ExecutorParts,
  request: ReplaceRequest,
  known: Placement | undefined,
): Promise<RefusedResult | undefined> {
  const { order, identity, termsOf } = request;
  const verdict = await clock.check(order.pair);
  if (!verdict.ok) return refuse(verdict.code, verdict.message);
  const terms = termsOf(order);
  if ("status" in terms) return terms;
  const { policy, ...worth } = terms;
  const entry = { ...placementOf(request, { instance, scope }), policyDigest: policy.digest, ...worth };
  const isOurs = known?.identity === identity && known.account === scope.account;
  const { maxOpenOrders } = policy;
  const roomier = maxOpenOrders === undefined || !isOurs ? policy : { ...policy, maxOpenOrders: maxOpenOrders + 1 };
  const refused = await journal.wouldRefuse(entry, { policy: roomier, now: now(), without: known?.clientOrderId });
  return refused && refuse(refused.code, refused.message, refused.retryAfterMs);
}

/** Ends the attempt: removes the claim if nothing was cancelled, otherwise the same call may continue. */
async function releaseOrder(
  { replacements, pendingWrites }: ExecutorParts,
  claim: ReplacementAttempt,
  how: { readonly isUntouched: boolean },
): Promise<void> {
  await pendingWrites.write(() => replacements.release(claim, how));
}

/** The old order traded all that was to be placed. */
function nothingLeft(old: EndedOrder, rest: string): ReplaceResult {
  return { status: "nothing_left", old, message: `The old order has since traded too much: ${rest} is left` };
}

function notReplaced(why: string, old: CancelResult): Claimed {
  return { ok: false, result: { status: "not_replaced", old, message: `Nothing was placed, as ${why}` } };
}

function missing(look: Exclude<Look, { kind: "found" }>, target: OrderReference): CancelResult {
  const ids = "orderId" in target ? { order_id: target.orderId } : { client_order_id: target.clientOrderId };
  const message = look.kind === "absent" ? "The exchange knows no such order: check the id" : look.error.message;
  return look.kind === "absent"
    ? { status: "not_found", ...ids, message }
    : { status: "open", ...ids, reason: look.error.code, message };
}
