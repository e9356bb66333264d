/**
 * What the journal makes of a change: what a repetition answers, what is learnt by a settlement, and which rows of the
 * audit tell of it. Pure; an engine reads, asks here, and writes, within one transaction.
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

/** States that a later answer may replace only by one further right: what is known is never unlearnt. */
const KNOWLEDGE: readonly PlacementState[] = ["intent", "sent", "unknown", "not_placed", "placed"];

/** @throws {TypeError} the digest is another order's */
export function assertDigest({ clientOrderId, digest, order }: NewPlacement): void {
  if (digest === orderDigest(order)) return;
  throw new TypeError(`Cannot begin ${clientOrderId} as its digest is another order's`);
}

/** What a call answers whose key was used before; `earlier`: the placement of that key on the same account. */
export function repetitionOf(
  { digest, asked = null }: Pick<NewPlacement, "digest" | "asked">,
  earlier: Placement | undefined,
): Repeated | undefined {
  if (earlier === undefined) return undefined;
  // What was decided for the caller may come out differently for the same request.
  const isSame = earlier.asked !== null && asked !== null ? earlier.asked === asked : earlier.digest === digest;
  if (isSame) return { kind: "repeated", placement: earlier };
  return refuse(
    "ERR_IDEMPOTENCY_MISMATCH",
    `Cannot place the order as its idempotency key was used for another one (${earlier.clientOrderId}): ` +
      "use a new key for a new order",
  );
}

/** A placement as it is after it has begun. */
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

/** What a settlement changes of a placement, and whether it counts against the day's limit from then on. */
export interface Settled {
  readonly after: Placement;
  /** Whether the placement may be alive. */
  readonly isAlive: boolean;
  /** `1`: it counts again; `-1`: it counts no longer. */
  readonly counts: 1 | -1 | 0;
}

/** What a settlement changes; `undefined` where more is known already. */
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

/** The rows of an order that begins, in their order. */
export function begunEvents(entry: NewPlacement): AuditEvent[] {
  const { previewId, digest, policyDigest, account, order, notional, idempotencyKey, instance, validUntil } = entry;
  const facts = { preview_id: previewId, digest, policy: policyDigest, paper: isPaper(account), order, notional };
  return [
    event(entry, "intent", { ...facts, idempotency_key: idempotencyKey, instance }),
    event(entry, "sent", { valid_until: validUntil }),
  ];
}

/** The row of an order that was not let through. */
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

/** The row of what became of a placement. */
export function settledEvent(after: Placement): AuditEvent {
  return event(after, "outcome", { state: after.state, reason: after.reason });
}

/** The row of an order that is final. */
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
