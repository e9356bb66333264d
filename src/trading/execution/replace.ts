/**
 * Replaces an order by another one: cancels it, waits until it is final, and places only what is left. Two orders are
 * never alive for the same volume; when the first is not known to be final, nothing is placed.
 */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { cancelOrder, isEnded } from "./cancel.ts";
import type { CancelResult, CancelTarget, EndedOrder } from "./cancel.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import type { Placement } from "../record/journal.ts";
import type { Order } from "../orders/order.ts";
import type { Placements, PlaceOptions, PlaceRequest } from "./placement.ts";
import { type PlacementResult, refuse, type RefusedResult } from "./placement_result.ts";
import { claimOrder, nothingLeft, releaseOrder } from "./replacement_claim.ts";
import type { ClaimedOrder } from "./replacement_claim.ts";
import { StoreError } from "../record/store_connection.ts";

/** One order in place of another. */
export interface ReplaceRequest extends PlaceRequest {
  readonly target: CancelTarget;
  /** The new order in full, as if nothing were traded from now on; it has a `volume`. */
  readonly order: Order;
  /** What the old order had traded when the new one was made; what it trades beyond is taken off. @default "0" */
  readonly filledBefore?: string | undefined;
  /** Less than this is not placed. @default "0" */
  readonly minVolume?: string | undefined;
  /** What the same call goes on with when this one is cut short. @default null */
  readonly resumeWith?: string | null | undefined;
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
  { parts, placements }: { readonly parts: ExecutorParts; readonly placements: Placements },
  request: ReplaceRequest,
  options: PlaceOptions = {},
): Promise<ReplaceResult> {
  const { identity, order, idempotencyKey = null } = request;
  if (order.volume === undefined) throw new TypeError("Cannot replace an order by one without a volume in base");
  const earlier = findEarlier(parts, { identity, idempotencyKey });
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
    releaseOrder(parts, claim, { isUntouched: false });
  }
}

async function replaceClaimed(
  { parts, placements }: { readonly parts: ExecutorParts; readonly placements: Placements },
  request: ReplaceRequest & { readonly replaces: ClaimedOrder },
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
  note(parts, request, {
    old: old.order_id,
    filled: old.filled_volume,
    wanted: order.volume ?? null,
    placed: formatDecimal(rest),
  });
  if (rest.lte(0) || rest.lt(parseDecimal(request.minVolume ?? "0"))) {
    return nothingLeft(old, formatDecimal(rest));
  }
  const placed: Order = { ...order, volume: formatDecimal(rest) };
  const { previewId, termsOf } = request;
  const placing = { order: placed, identity, previewId, idempotencyKey, asked, replaces, termsOf };
  return { status: "replaced", old, placement: await placements.place(placing, options) };
}

function findEarlier(
  { journal }: ExecutorParts,
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
  const { identity, idempotencyKey, order, termsOf } = request;
  const { asked = null } = request;
  const isLike = withoutVolume(earlier.order) === withoutVolume(order) &&
    parseDecimal(earlier.order.volume ?? "0").lte(parseDecimal(order.volume ?? "0"));
  if (earlier.asked !== null && asked !== null ? earlier.asked !== asked : !isLike) {
    const message = "Cannot replace the order as the idempotency key was used for another one: use a new key";
    return refuse("ERR_IDEMPOTENCY_MISMATCH", message);
  }
  const { previewId } = earlier;
  const again = { order: earlier.order, identity, previewId, idempotencyKey, asked: earlier.asked, termsOf };
  const placement = await placements.place(again);
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

function note(
  { audit, now, pendingWrites }: ExecutorParts,
  { identity }: ReplaceRequest,
  data: Record<string, unknown>,
): void {
  const at = now();
  pendingWrites.write(() => audit.record({ event: "replace", identity, orderId: String(data["old"]), data }, at));
}
