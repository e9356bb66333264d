/**
 * Orders that wait for a person. Any process can ask, take the answer from a page or from `approve`, and continue with
 * an approved order. An approval allows one exact order of one identity on one exchange, once, until it expires. It
 * sends nothing by itself.
 */

import { isOver } from "../orders/lifetime.ts";
import { createHash, randomBytes } from "node:crypto";
import { clientOrderIdOf, orderDigest } from "../orders/order.ts";
import type { OrderSummary } from "../orders/order_summary.ts";
import { CONFIRMATION_LIFETIME_MS } from "./approval.ts";
import type { Approval, ApprovalRequest, Decided, OwnerWay, Requested } from "./approval.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { AuditEvent } from "./audit_row.ts";

/** All questions of one record. Every operation rejects with a `StoreError` when it fails. */
export interface Approvals {
  /** Asks. At most 100 questions wait at a time, 10 of one identity. */
  request(request: ApprovalRequest, now: number): Promise<Requested>;
  /** Waiting questions, oldest first. */
  pending(now: number): Promise<readonly Approval[]>;
  /** Answers a question; the first answer counts. */
  decide(id: string, decision: Decision): Promise<Decided>;
  /**
   * Takes the answer for the call that acts on it: of all calls, in all processes, one gets it, if in time. When that
   * cannot be recorded, it was not taken and nothing may be sent.
   */
  take(id: string, now: number): Promise<Approval | undefined>;
  /** Returns an answer that was taken by a call which then began nothing. */
  giveBack(id: string): Promise<void>;
  /** Records the outcome, for the order's page. */
  conclude(id: string, outcome: string): Promise<void>;
  /** A question with its answer. */
  find(id: string, now: number): Promise<Approval | undefined>;
  /** The question that a one-time secret belongs to. */
  findByToken(token: string, now: number): Promise<Approval | undefined>;
  /** The question about a caller's own preview, in any state. */
  findByPreview(
    previewId: string,
    whose: Pick<Approval, "identity" | "action">,
    now: number,
  ): Promise<Approval | undefined>;
  /** The question that the same call of a caller asked, while its answer can be taken. */
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

/** The most questions that may wait. */
export const MAX_PENDING = 100;

/** Lower, so that one client cannot take all places. */
const MAX_PENDING_PER_IDENTITY = 10;

/** How long a question is kept after it expired; the audit keeps the decision permanently. */
export const APPROVAL_KEPT_MS = 86_400_000;

const MAX_LINE_CHARACTERS = 1_000;

/** A new question, and the secret of its link, of which only the hash is stored. */
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

/** The stored form of a secret. */
export function hashOfToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** The audit row of a question, or of its answer. */
export function approvalEvent(
  event: "confirmation_asked" | "confirmation",
  { id, identity, account, previewId, digest, facts }: Approval,
  data: Readonly<Record<string, unknown>>,
): AuditEvent {
  const clientOrderId = clientOrderIdOf({ previewId, digest });
  return { event, identity, clientOrderId, account, venue: facts.venue, data: { approval: id, digest, ...data } };
}

/** Whether another question may wait. */
export function hasRoom(waiting: readonly Pick<Approval, "identity">[], identity: string): boolean {
  const ofThis = waiting.filter((approval) => approval.identity === identity);
  return waiting.length < MAX_PENDING && ofThis.length < MAX_PENDING_PER_IDENTITY;
}

/** The result of an answer; the decided approval is to be stored. */
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

/** Safe for a terminal: printable characters only. */
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
