/**
 * Orders that wait for a person: any process can ask, be answered on a page or by `approve` in a terminal, and go on with
 * an order that was approved. What an approval allows is one exact order of one identity on one exchange, once, until it
 * expires. It sends nothing by itself.
 */

import { isOver } from "../orders/lifetime.ts";
import { createHash, randomBytes } from "node:crypto";
import { clientOrderIdOf, orderDigest } from "../orders/order.ts";
import type { OrderSummary } from "../orders/order_summary.ts";
import { CONFIRMATION_LIFETIME_MS } from "./approval.ts";
import type { Approval, ApprovalRequest, Decided, OwnerWay, Requested } from "./approval.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { AuditEvent } from "./audit_row.ts";

/** All questions of one record. Every operation rejects with a `StoreError` where it cannot be done. */
export interface Approvals {
  /** Asks. At most 100 wait at a time, 10 of one identity. */
  request(request: ApprovalRequest, now: number): Promise<Requested>;
  /** What waits for an answer, oldest first. */
  pending(now: number): Promise<readonly Approval[]>;
  /** Answers a question; the first answer stands. */
  decide(id: string, decision: Decision): Promise<Decided>;
  /**
   * Takes the answer for the call that acts on it: of all calls, in all processes, one gets it, in time. Where that
   * cannot be written, nobody has taken it and nothing may be sent.
   */
  take(id: string, now: number): Promise<Approval | undefined>;
  /** Gives an answer back that was taken by a call which has begun nothing. */
  giveBack(id: string): Promise<void>;
  /** Writes what became of it, for whoever looks at its page. */
  conclude(id: string, outcome: string): Promise<void>;
  /** A question with its answer. */
  find(id: string, now: number): Promise<Approval | undefined>;
  /** The question that a one-time secret belongs to. */
  findByToken(token: string, now: number): Promise<Approval | undefined>;
  /** The question about a caller's own preview, however it stands. */
  findByPreview(
    previewId: string,
    whose: Pick<Approval, "identity" | "action">,
    now: number,
  ): Promise<Approval | undefined>;
  /** The question that the same call of a caller has asked, as long as its answer can be taken. */
  findAsked(call: Pick<Approval, "identity" | "action" | "asked">, now: number): Promise<Approval | undefined>;
  /** Other questions about an equal order of the same caller that can still lead to an order. */
  equalTo(
    order: Pick<Approval, "digest" | "identity" | "previewId">,
    now: number,
  ): Promise<readonly Approval[]>;
}

/** An answer to a question. */
export interface Decision {
  readonly approved: boolean;
  readonly by: OwnerWay;
  /** Wall milliseconds. */
  readonly now: number;
}

/** How many may wait. */
export const MAX_PENDING = 100;

/** So that one client cannot fill all places. */
const MAX_PENDING_PER_IDENTITY = 10;

/** How long a question stays after its time is over; the audit keeps what was decided for good. */
export const APPROVAL_KEPT_MS = 86_400_000;

const MAX_LINE_CHARACTERS = 1_000;

/** A question that is asked now, and the secret of its link, of which only the hash is kept. */
export function newApproval(
  request: ApprovalRequest,
  now: number,
): { readonly approval: Approval; readonly token: string } {
  const { identity, idempotencyKey, summary, takesPreview: _, ...asked } = request;
  const approval: Approval = {
    ...asked,
    id: randomBytes(6).toString("hex"),
    identity: recordedIdentity(identity),
    idempotencyKey,
    digest: orderDigest(request.facts.order),
    summary: clean(summary),
    createdAt: now,
    expiresAt: now + CONFIRMATION_LIFETIME_MS,
    state: "pending",
    decidedBy: null,
    decidedAt: null,
    takenAt: null,
    outcome: null,
  };
  return { approval, token: randomBytes(32).toString("base64url") };
}

/** What is kept of a secret. */
export function hashOfToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** The row of a question, or of its answer. */
export function approvalEvent(
  event: "confirmation_asked" | "confirmation",
  { id, identity, account, previewId, digest, facts }: Approval,
  data: Readonly<Record<string, unknown>>,
): AuditEvent {
  const clientOrderId = clientOrderIdOf(previewId, digest);
  return { event, identity, clientOrderId, account, venue: facts.venue, data: { approval: id, digest, ...data } };
}

/** Whether another question has room beside those that wait. */
export function hasRoom(waiting: readonly Pick<Approval, "identity">[], identity: string): boolean {
  const ofThis = waiting.filter((approval) => approval.identity === identity);
  return waiting.length < MAX_PENDING && ofThis.length < MAX_PENDING_PER_IDENTITY;
}

/** What an answer comes to; the approval as decided is to be written. */
export function decided(waiting: Approval | undefined, { approved, by, now }: Decision): Decided {
  if (waiting === undefined) return { ok: false, reason: "unknown" };
  if (waiting.state === "expired") return { ok: false, reason: "expired" };
  if (waiting.state !== "pending") return { ok: false, reason: "decided" };
  if (!waiting.ways.includes(by)) return { ok: false, reason: "elsewhere" };
  const state = approved ? "approved" : "declined";
  return { ok: true, approval: { ...waiting, state, decidedBy: by, decidedAt: now } };
}

/** Whether a call can take the answer. */
export function canBeTaken(approval: Approval, now: number): boolean {
  const isDecided = approval.state === "approved" || approval.state === "declined";
  return isDecided && approval.takenAt === null && !isOver(approval, now);
}

/** Whether a question can still lead to an order. */
export function canLeadToOrder(approval: Approval, now: number): boolean {
  return approval.state !== "declined" && approval.takenAt === null && !isOver(approval, now);
}

/** Fit for a terminal: nothing but printable characters. */
function clean({ headline, details, warnings, ...summary }: OrderSummary): OrderSummary {
  return {
    ...summary,
    headline: printable(headline),
    details: details.map(({ label, value }) => ({ label: printable(label), value: printable(value) })),
    warnings: warnings.map(printable),
  };
}

function printable(text: string): string {
  return text.slice(0, MAX_LINE_CHARACTERS).replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ");
}
