/**
 * Orders that wait for the answer of a client's dialog. The answer may reach another process than the one that asked:
 * the question is in the record, and is answered once, in time, by the caller whose order it is. It sends nothing by
 * itself.
 */

import { randomBytes } from "node:crypto";
import { clientOrderIdOf, orderDigest } from "../orders/order.ts";
import type { Lifetime } from "../orders/lifetime.ts";
import type { PreviewProblem } from "../orders/preview.ts";
import { CONFIRMATION_LIFETIME_MS } from "./approval.ts";
import type { Approval, ApprovalRequest } from "./approval.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { AuditEvent } from "./audit_row.ts";

/** An order that a person is asked about, and its caller's request. */
export type ConfirmedOrder = Omit<ApprovalRequest, "ways" | "takesPreview">;

/** The dialog that a client is to show. */
export interface DialogRequest extends ConfirmedOrder {
  /** Canonical text of the call that asks, which must be repeated unchanged. */
  readonly call: string;
  /** As in {@linkcode ApprovalRequest}. */
  readonly takesPreview?: boolean | undefined;
}

/** An order that waits for a dialog. Times are wall clock milliseconds. */
export interface Dialog extends Required<Omit<DialogRequest, "idempotencyKey" | "takesPreview">>, Lifetime {
  readonly id: string;
  /** As in the audit's rows: `recordedIdentity()`. */
  readonly identity: string;
  readonly idempotencyKey: string | undefined;
  /** Digest of the exact order. */
  readonly digest: string;
}

/** The result of a request: the secret that the answer must contain, of which only a hash is stored. */
export type DialogAsked =
  | { readonly ok: true; readonly id: string; readonly token: string }
  | { readonly ok: false; readonly reason: "too_many" | PreviewProblem };

/** The answer of a client. */
export interface DialogAnswer {
  /** The identity of its call. */
  readonly identity: string;
  readonly call: string;
  /** Whether the person said yes. */
  readonly accepted: boolean;
  /** Wall milliseconds. */
  readonly now: number;
}

/** An order whose dialog was answered. */
export interface AnsweredDialog {
  readonly dialog: Dialog;
  /** A yes in the same call as the one that asked. */
  readonly isApproved: boolean;
}

/** All dialogs of one record. Every operation rejects with a `StoreError` when it fails. */
export interface Dialogs {
  /** Asks. At most 200 dialogs wait at a time, 10 of one identity. */
  ask(request: DialogRequest, now: number): Promise<DialogAsked>;
  /**
   * Takes the answer: the first one, in time, of the order's caller; `undefined` for any other. When that cannot be
   * recorded, it was not taken and nothing may be sent.
   */
  answer(token: string, answer: DialogAnswer): Promise<AnsweredDialog | undefined>;
  /** Other dialogs about an equal order of the same caller that can still be answered, by id; oldest first. */
  equalTo(order: Pick<Approval, "digest" | "identity" | "previewId">, now: number): Promise<readonly string[]>;
}

const MAX_WAITING = 200;
const MAX_WAITING_PER_IDENTITY = 10;

/** How long an unanswered dialog is kept after it expired, as clocks may differ. */
export const DIALOG_KEPT_MS = 60_000;

/** A new dialog, and its secret. */
export function newDialog(
  { takesPreview: _, ...request }: DialogRequest,
  now: number,
): { readonly dialog: Dialog; readonly token: string } {
  const dialog: Dialog = {
    ...request,
    id: randomBytes(6).toString("hex"),
    identity: recordedIdentity(request.identity),
    idempotencyKey: request.idempotencyKey,
    digest: orderDigest(request.facts.order),
    createdAt: now,
    expiresAt: now + CONFIRMATION_LIFETIME_MS,
  };
  return { dialog, token: randomBytes(32).toString("base64url") };
}

/** Whether another dialog may wait. */
export function hasRoomForDialog({ all, own }: { readonly all: number; readonly own: number }): boolean {
  return all < MAX_WAITING && own < MAX_WAITING_PER_IDENTITY;
}

/** The result of an answer. */
export function answeredDialog(dialog: Dialog, { call, accepted }: DialogAnswer): AnsweredDialog {
  const isUnchanged = dialog.call === call && orderDigest(dialog.facts.order) === dialog.digest;
  return { dialog, isApproved: accepted && isUnchanged };
}

/** The audit row of a dialog, or of its answer. */
export function dialogEvent(
  event: "confirmation_asked" | "confirmation",
  { id, identity, account, previewId, digest, facts }: Dialog,
  data: Readonly<Record<string, unknown>> = {},
): AuditEvent {
  const clientOrderId = clientOrderIdOf({ previewId, digest });
  return {
    event,
    identity,
    clientOrderId,
    account,
    venue: facts.venue,
    data: { confirmation: id, way: "dialog", ...data, digest },
  };
}
