/**
 * Replaces an order by another one: cancels it, waits until it is final, and places only what is left. Two orders are
 * never alive for the same volume; when the first is not known to be final, nothing is placed.
 */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../exchange/money.ts";
import { cancelOrder, endedOrder } from "./cancel.ts";
import type { CancelResult, CancelTarget, EndedOrder } from "./cancel.ts";
import type { DeskParts } from "./desk_parts.ts";
import type { NewPlacement, Placement } from "./journal.ts";
import { clientOrderIdOf } from "./client_order_id.ts";
import { orderDigest } from "./order.ts";
import type { Order } from "./order.ts";
import type { Placements, PlaceRequest } from "./placement.ts";
import { type PlacementResult, refuse, type RefusedResult } from "./placement_result.ts";
import type { Policy } from "./policy.ts";
import { lookUp } from "./reconcile.ts";
import type { Look } from "./reconcile.ts";
import { StoreError } from "./store_connection.ts";

/** One order in place of another. */
export interface ReplaceRequest extends Omit<PlaceRequest, "notional"> {
  readonly target: CancelTarget;
  /** The new order in full, as if nothing were traded from now on; it has a `volume`. */
  readonly order: Order;
  /** What the old order had traded when the new one was made; what it trades beyond is taken off. @default "0" */
  readonly filledBefore?: string | undefined;
  /** Less than this is not placed. @default "0" */
  readonly minVolume?: string | undefined;
  /** The policy when the new order is placed, or why that does not allow it any more. */
  readonly policyNow: () => Policy | RefusedResult;
  /** What an order takes of the day's limit; called with the order that is really placed. */
  readonly notionalOf: (order: Order) => NewPlacement["notional"];
}

/** What became of a replacement. */
export type ReplaceResult =
  /** The old order is final; `placement` tells of the new one. */
  | { readonly status: "replaced"; readonly old: EndedOrder; readonly placement: PlacementResult }
  /** The old order is final and left nothing to place. */
  | { readonly status: "nothing_left"; readonly old: EndedOrder; readonly message: string }
  /** Nothing was placed, as the old order is not known to be final. */
  | { readonly status: "not_replaced"; readonly old: CancelResult; readonly message: string }
  /** The same call was made before; what its order came to. */
  | { readonly status: "repeated"; readonly placement: PlacementResult }
  | RefusedResult;

/**
 * Replaces an order. A call that is repeated after it was cut short goes on where that one ended.
 *
 * @throws {ExchangeError} when the exchange will not let this key cancel
 */
export async function replaceOrder(
  { parts, placements }: { readonly parts: DeskParts; readonly placements: Placements },
  request: ReplaceRequest,
): Promise<ReplaceResult> {
  const { identity, order, idempotencyKey = null } = request;
  if (order.volume === undefined) throw new TypeError("Cannot replace an order by one without a volume in base");
  const earlier = findEarlier(parts, { identity, idempotencyKey });
  if (earlier === "unreadable") {
    return refuse(
      "ERR_RECORD_FAILED",
      "Cannot replace the order as the trading record cannot be read: nothing was sent",
    );
  }
  if (earlier !== undefined) return await repeat(placements, request, earlier);
  const claimed = await claim(parts, request);
  if (!claimed.ok) return claimed.result;
  const { orderId } = claimed;
  const old = await cancelOrder(parts, { orderId }, identity).catch((error) => {
    release(parts, orderId);
    throw error;
  });
  if (old.status === "open" || old.status === "not_found") {
    release(parts, orderId);
    const why = old.status === "open" ? "is not known to be final" : "was not found";
    return { status: "not_replaced", old, message: `Nothing was placed, as the old order ${why}` };
  }
  const rest = restOf(request, old);
  note(parts, request, {
    old: old.order_id,
    filled: old.filled_volume,
    wanted: order.volume,
    placed: formatDecimal(rest),
  });
  if (rest.lte(0) || rest.lt(parseDecimal(request.minVolume ?? "0"))) {
    return nothingLeft(old, formatDecimal(rest));
  }
  const placed: Order = { ...order, volume: formatDecimal(rest) };
  const { previewId, notionalOf } = request;
  const policy = request.policyNow();
  if ("status" in policy) return { status: "replaced", old, placement: policy };
  const placing = { order: placed, identity, previewId, idempotencyKey, policy, notional: notionalOf(placed) };
  return { status: "replaced", old, placement: await placements.place(placing) };
}

type Claimed =
  | { readonly ok: true; readonly orderId: string }
  | { readonly ok: false; readonly result: ReplaceResult };

/**
 * Makes sure, before anything is cancelled, that this is the only replacement of the order, that the order still stands,
 * and that the new one would be let through.
 */
async function claim(parts: DeskParts, request: ReplaceRequest): Promise<Claimed> {
  const { journal, paper } = parts;
  const { target, identity, idempotencyKey = null } = request;
  const look = await lookUp(parts, target);
  if (look.kind !== "found") return notReplaced("the old order could not be read", missing(look, target));
  const { order_id: orderId } = look.order;
  try {
    const claimed = journal.claimReplacement({ orderId, paper, identity, idempotencyKey });
    // The same call that was cut short goes on.
    if (claimed === "mine") return { ok: true, orderId };
    const known = journal.findByOrderId(orderId);
    if (claimed === "taken") {
      const reason = "ERR_REPLACED_ALREADY";
      const message = "Another call replaces this order or has replaced it: look at the open orders";
      return notReplaced("another call replaces or has replaced it", {
        status: "open",
        order_id: orderId,
        reason,
        message,
      });
    }
    const isOver = look.order.status === "COMPLETE" || known?.isOpen === false;
    const refused = isOver ? undefined : await wouldRefuse(parts, request, known);
    if (!isOver && refused === undefined) return { ok: true, orderId };
    journal.releaseReplacement({ orderId, paper });
    if (refused !== undefined) return { ok: false, result: refused };
    const old = endedOrder(look.order, known);
    if (old.status === "filled") return { ok: false, result: nothingLeft(old, "0") };
    return notReplaced("the old order is final already", old);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { ok: false, result: refuse("ERR_RECORD_FAILED", `${error.message} (nothing was sent)`) };
  }
}

/** What would stand in the new order's way; the old one leaves the place of an open order free. */
async function wouldRefuse(
  { journal, clock, now, paper }: DeskParts,
  { order, identity, previewId, policy, notionalOf }: ReplaceRequest,
  known: Placement | undefined,
): Promise<RefusedResult | undefined> {
  const verdict = await clock.judge(order.pair);
  if (!verdict.ok) return refuse(verdict.code, verdict.message);
  const digest = orderDigest(order);
  const whose = { clientOrderId: clientOrderIdOf(previewId, digest), identity, paper, previewId, idempotencyKey: null };
  const entry = { ...whose, order, digest, policyDigest: policy.digest, notional: notionalOf(order) };
  const isOurs = known?.identity === identity && known.paper === paper;
  const { maxOpenOrders } = policy;
  const roomier = maxOpenOrders === undefined || !isOurs ? policy : { ...policy, maxOpenOrders: maxOpenOrders + 1 };
  const refused = journal.wouldRefuse(entry, roomier, now());
  return refused && refuse(refused.code, refused.message, refused.retryAfterMs);
}

function release({ journal, paper, unwritten }: DeskParts, orderId: string): void {
  unwritten.write(() => journal.releaseReplacement({ orderId, paper }));
}

function nothingLeft(old: EndedOrder, rest: string): ReplaceResult {
  return { status: "nothing_left", old, message: `The old order traded too much meanwhile: ${rest} is left` };
}

function notReplaced(why: string, old: CancelResult): Claimed {
  return { ok: false, result: { status: "not_replaced", old, message: `Nothing was placed, as ${why}` } };
}

function missing(look: Exclude<Look, { kind: "found" }>, target: CancelTarget): CancelResult {
  const ids = "orderId" in target ? { order_id: target.orderId } : { client_order_id: target.clientOrderId };
  const message = look.kind === "absent" ? "The exchange knows no such order: check the id" : look.error.message;
  return look.kind === "absent"
    ? { status: "not_found", ...ids, message }
    : { status: "open", ...ids, reason: look.error.code, message };
}

function findEarlier(
  { journal }: DeskParts,
  { identity, idempotencyKey }: { readonly identity: string; readonly idempotencyKey: string | null },
): Placement | undefined | "unreadable" {
  try {
    return idempotencyKey === null ? undefined : journal.findByKey(identity, idempotencyKey);
  } catch (error) {
    if (error instanceof StoreError) return "unreadable";
    throw error;
  }
}

/** The rest that was placed is smaller than what was asked for, so an earlier call is known by everything else. */
async function repeat(placements: Placements, request: ReplaceRequest, earlier: Placement): Promise<ReplaceResult> {
  const { previewId: _preview, policy, identity, idempotencyKey, order } = request;
  const isSame = withoutVolume(earlier.order) === withoutVolume(order) &&
    parseDecimal(earlier.order.volume ?? "0").lte(parseDecimal(order.volume ?? "0"));
  if (!isSame) {
    const message = "Cannot replace the order as the idempotency key was used for another one: use a new key";
    return refuse("ERR_IDEMPOTENCY_MISMATCH", message);
  }
  const { previewId, notional } = earlier;
  const placement = await placements.place({
    order: earlier.order,
    identity,
    previewId,
    idempotencyKey,
    policy,
    notional,
  });
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

function note({ audit, now, unwritten }: DeskParts, { identity }: ReplaceRequest, data: Record<string, unknown>): void {
  const at = now();
  unwritten.write(() => audit.record({ event: "replace", identity, orderId: String(data["old"]), data }, at));
}
