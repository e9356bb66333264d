/**
 * The journal's decisions: the answer to a repetition, the facts added by a settlement, and the audit rows of both.
 * Pure; an engine reads, asks here, and writes, within one transaction.
 */

import { cleanText } from "../../text/clean_text.ts";
import { parseDecimal } from "../../money/decimals.ts";
import { orderDigest } from "../orders/order.ts";
import { isPaper } from "../orders/trading_account.ts";
import { refuse } from "../policy/begin_checks.ts";
import type { AuditEvent, AuditEventName } from "./audit_row.ts";
import type {
  FinalFacts,
  NewPlacement,
  Placement,
  PlacementState,
  Repeated,
  Settlement,
} from "./recorded_placement.ts";

/** A state may only be replaced by one further right: known facts are never forgotten. */
const KNOWLEDGE: readonly PlacementState[] = ["intent", "sent", "unknown", "not_placed", "placed"];

/** @throws {TypeError} when the digest belongs to another order */
export function assertDigest({ clientOrderId, digest, order }: NewPlacement): void {
  if (digest === orderDigest(order)) return;
  throw new TypeError(`Cannot begin ${clientOrderId} as its digest is another order's`);
}

/** The answer to a call whose key was used before; `earlier`: the placement of that key on the same account. */
export function repetitionOf(
  { digest, asked = null }: Pick<NewPlacement, "digest" | "asked">,
  earlier: Placement | undefined,
): Repeated | undefined {
  if (earlier === undefined) return undefined;
  // Values derived from the same request may differ.
  const isSame = earlier.asked !== null && asked !== null ? earlier.asked === asked : earlier.digest === digest;
  if (isSame) return { kind: "repeated", placement: earlier };
  return refuse(
    "ERR_IDEMPOTENCY_MISMATCH",
    `Cannot place the order as its idempotency key was used for another one (${earlier.clientOrderId}): ` +
      "use a new key for a new order",
  );
}

/** A placement that has just begun. */
export function begunPlacement(entry: NewPlacement, now: number): Placement {
  const { replaces: _, takesPreview: _taken, asked = null, worstPrice = null, ...known } = entry;
  return {
    ...known,
    asked,
    worstPrice,
    state: "sent",
    orderId: null,
    isOpen: false,
    createdAt: now,
    sentAt: now,
    settledAt: null,
    reason: null,
  };
}

/** What a settlement changes of a placement, and whether it then counts against the daily limit. */
export interface Settled {
  readonly after: Placement;
  /** Whether the placement may be live. */
  readonly isAlive: boolean;
  /** `1`: it counts again; `-1`: it no longer counts. */
  readonly counts: 1 | -1 | 0;
}

/** What a settlement changes; `undefined` when more is already known. */
export function settled(before: Placement, outcome: Settlement, now: number): Settled | undefined {
  if (KNOWLEDGE.indexOf(outcome.state) <= KNOWLEDGE.indexOf(before.state)) return undefined;
  const isPlaced = outcome.state === "placed";
  const after: Placement = {
    ...before,
    state: outcome.state,
    orderId: isPlaced ? cleanText(outcome.orderId) : null,
    reason: isPlaced ? null : outcome.reason,
    settledAt: now,
    isOpen: isPlaced,
  };
  const counts = outcome.state === "not_placed" ? -1 : before.state === "not_placed" ? 1 : 0;
  return { after, isAlive: outcome.state !== "not_placed", counts };
}

/** The audit rows of an order that begins, in sequence. */
export function begunEvents(entry: NewPlacement): AuditEvent[] {
  const { previewId, digest, policyDigest, account, order, notional, idempotencyKey, instance, validUntil } = entry;
  const facts = { preview_id: previewId, digest, policy: policyDigest, paper: isPaper(account), order, notional };
  return [
    event(entry, "intent", { ...facts, idempotency_key: idempotencyKey, instance }),
    event(entry, "sent", { valid_until: validUntil }),
  ];
}

/** The audit row of a refused order. */
export function refusedEvent(
  entry: Omit<NewPlacement, "instance" | "validUntil">,
  answer: Repeated,
): AuditEvent {
  const { previewId, digest, policyDigest, account, idempotencyKey } = entry;
  const reason = answer.kind === "refused"
    ? { code: answer.code }
    : { repeated: answer.placement.clientOrderId, idempotency_key: idempotencyKey };
  return event(entry, "decision", {
    preview_id: previewId,
    digest,
    policy: policyDigest,
    paper: isPaper(account),
    allowed: false,
    ...reason,
  });
}

/** The audit row of a placement's outcome. */
export function settledEvent(after: Placement): AuditEvent {
  return event(after, "outcome", { state: after.state, reason: after.reason });
}

/** The audit row of a final order. */
export function closedEvent(placement: Placement, facts: FinalFacts): AuditEvent {
  return event(placement, parseDecimal(facts.base).eq(0) ? "closed" : "fill", { ...facts, final: true });
}

/** How placements of a venue end that is gone for good: open ones are closed like this, others withdrawn. */
export const VENUE_ENDED: FinalFacts = { base: "0", counter: "0", status: "venue_ended" };

function event(
  { clientOrderId, identity, account, venue, orderId = null }:
    & Pick<Placement, "clientOrderId" | "identity" | "account" | "venue">
    & Partial<Pick<Placement, "orderId">>,
  name: AuditEventName,
  data: Readonly<Record<string, unknown>>,
): AuditEvent {
  return { event: name, identity, clientOrderId, orderId, account, venue, data };
}
