/** An order that is to be replaced, claimed by one call, over all processes, before anything of it is cancelled. */

import { endedOrder } from "./cancel.ts";
import type { CancelResult, CancelTarget, EndedOrder } from "./cancel.ts";
import { clientOrderIdOf } from "../orders/client_order_id.ts";
import type { ExecutorParts } from "./executor_parts.ts";
import type { Placement } from "../record/journal.ts";
import { endingOf } from "./open_orders.ts";
import { orderDigest } from "../orders/order.ts";
import { refuse, type RefusedResult } from "./placement_result.ts";
import { lookUp } from "./reconcile.ts";
import type { Look } from "./reconcile.ts";
import type { ReplaceRequest, ReplaceResult } from "./replace.ts";
import type { ReplacementClaim } from "../record/replacement_claims.ts";
import { StoreError } from "../record/store_connection.ts";

/** An order that one attempt has claimed. */
export type ClaimedOrder = Pick<ReplacementClaim, "orderId" | "attempt">;

/** The order is this call's to replace; or what the call comes to instead. */
export type Claimed =
  | { readonly ok: true; readonly claim: ClaimedOrder }
  | { readonly ok: false; readonly result: ReplaceResult };

/**
 * Makes sure, before anything is cancelled, that this is the only replacement of the order, that the order still stands,
 * and that the new one would be let through. A call that was cut short goes on, however the order stands by now.
 */
export async function claimOrder(parts: ExecutorParts, request: ReplaceRequest): Promise<Claimed> {
  const { instance, journal, now } = parts;
  const { target, identity, idempotencyKey = null, asked = null, resumeWith: terms = null } = request;
  const look = await lookUp(parts, target);
  if (look.kind !== "found") return notReplaced("the old order could not be read", missing(look, target));
  const { order_id: orderId } = look.order;
  const claim = { orderId, attempt: crypto.randomUUID() };
  try {
    const known = journal.findByOrderId(orderId);
    // The record may know the end before reads show it.
    const ending = endingOf(look.order) ?? (known?.isOpen === false ? "ended" : undefined);
    const whose = { ...claim, identity, idempotencyKey, asked, terms, instance: instance.id };
    const claiming = journal.replacements.claim(whose, { isOver: ending !== undefined, now: now() });
    if (claiming === "resumed" && ending !== undefined) return { ok: true, claim };
    if (claiming === "taken") return taken(orderId);
    if (claiming === "over") {
      const old = endedOrder(look.order, { ending: ending ?? "ended", placement: known });
      if (old.status === "filled") return { ok: false, result: nothingLeft(old, "0") };
      return notReplaced("the old order is final already", old);
    }
    const refused = await wouldRefuse(parts, { ...request, replaces: claim }, known);
    if (refused === undefined) return { ok: true, claim };
    releaseOrder(parts, claim, { isUntouched: true });
    return { ok: false, result: refused };
  } catch (error) {
    releaseOrder(parts, claim, { isUntouched: true });
    if (!(error instanceof StoreError)) throw error;
    return { ok: false, result: refuse("ERR_RECORD_FAILED", `${error.message} (nothing was sent)`) };
  }
}

function taken(orderId: string): Claimed {
  return notReplaced("another call replaces or has replaced it", {
    status: "open",
    order_id: orderId,
    reason: "ERR_REPLACED_ALREADY",
    message: "Another call replaces this order or has replaced it: look at the open orders",
  });
}

/** What would stand in the new order's way; the old one leaves the place of an open order free. */
async function wouldRefuse(
  { instance, journal, clock, now, paper }: ExecutorParts,
  { order, identity, previewId, termsOf, replaces }: ReplaceRequest,
  known: Placement | undefined,
): Promise<RefusedResult | undefined> {
  const verdict = await clock.check(order.pair);
  if (!verdict.ok) return refuse(verdict.code, verdict.message);
  const terms = termsOf(order);
  if ("status" in terms) return terms;
  const { policy, ...worth } = terms;
  const digest = orderDigest(order);
  const whose = { clientOrderId: clientOrderIdOf(previewId, digest), identity, paper, previewId, idempotencyKey: null };
  const entry = { ...whose, order, digest, policyDigest: policy.digest, ...worth, instance: instance.id, replaces };
  const isOurs = known?.identity === identity && known.paper === paper;
  const { maxOpenOrders } = policy;
  const roomier = maxOpenOrders === undefined || !isOurs ? policy : { ...policy, maxOpenOrders: maxOpenOrders + 1 };
  const refused = journal.wouldRefuse(entry, { policy: roomier, now: now(), without: known?.clientOrderId });
  return refused && refuse(refused.code, refused.message, refused.retryAfterMs);
}

/** Ends the attempt: nothing of the claim is left where nothing was cancelled, else the same call may go on. */
export function releaseOrder(
  { journal, pendingWrites }: ExecutorParts,
  claim: ClaimedOrder,
  how: { readonly isUntouched: boolean },
): void {
  pendingWrites.write(() => journal.replacements.release(claim, how));
}

/** The old order traded as much as was to be placed. */
export function nothingLeft(old: EndedOrder, rest: string): ReplaceResult {
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
