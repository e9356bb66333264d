/**
 * Orders that wait for the answer of a client's dialog. Who answers may reach another process than the one that asked:
 * what was asked is in the record, and is taken once, in time, by the caller whose order it is. It sends nothing by itself.
 */

import { randomBytes } from "node:crypto";
import { clientOrderIdOf, orderDigest } from "../orders/order.ts";
import type { Lifetime } from "../orders/lifetime.ts";
import type { PreviewProblem } from "../orders/preview.ts";
import { CONFIRMATION_LIFETIME_MS } from "./approval.ts";
import type { Approval, ApprovalRequest } from "./approval.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { AuditEvent } from "./audit_row.ts";

/** An order that a person is asked about, and what its caller asked for. */
export type ConfirmedOrder = Omit<ApprovalRequest, "ways" | "takesPreview">;

/** What a client is to show. */
export interface DialogRequest extends ConfirmedOrder {
  /** The call that asks, in one form: it must come again unchanged. */
  readonly call: string;
  /** As of {@linkcode ApprovalRequest}. */
  readonly takesPreview?: boolean | undefined;
}

/** An order that waits for a dialog. Times are wall milliseconds. */
export interface Dialog extends Required<Omit<DialogRequest, "idempotencyKey" | "takesPreview">>, Lifetime {
  readonly id: string;
  /** As the audit's rows hold it: `recordedIdentity()`. */
  readonly identity: string;
  readonly idempotencyKey: string | undefined;
  /** Of the exact order. */
  readonly digest: string;
}

/** What a request gets: the secret that the answer comes back with, of which only a hash is kept. */
export type DialogAsked =
  | { readonly ok: true; readonly id: string; readonly token: string }
  | { readonly ok: false; readonly reason: "too_many" | PreviewProblem };

/** What came back from a client. */
export interface DialogAnswer {
  /** Whose call it came with. */
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
  /** A yes that came with the same call that had asked. */
  readonly isApproved: boolean;
}

/** All dialogs of one record. Every operation rejects with a `StoreError` where it cannot be done. */
export interface Dialogs {
  /** Asks. At most 200 wait at a time, 10 of one identity. */
  ask(request: DialogRequest, now: number): Promise<DialogAsked>;
  /**
   * Takes the answer: the first one, in time, of the caller whose order it is; `undefined` for every other one. Where that
   * cannot be written, nobody has taken it and nothing may be sent.
   */
  answer(token: string, answer: DialogAnswer): Promise<AnsweredDialog | undefined>;
  /** Other dialogs about an equal order of the same caller that can still be answered, by their ids; oldest first. */
  equalTo(order: Pick<Approval, "digest" | "identity" | "previewId">, now: number): Promise<readonly string[]>;
}

const MAX_WAITING = 200;
const MAX_WAITING_PER_IDENTITY = 10;

/** How long a dialog that nobody answers stays after its time is over, for clocks that differ. */
export const DIALOG_KEPT_MS = 60_000;

/** A dialog that is asked for now, and its secret. */
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

/** Whether another dialog has room beside those that wait. */
export function hasRoomForDialog({ all, own }: { readonly all: number; readonly own: number }): boolean {
  return all < MAX_WAITING && own < MAX_WAITING_PER_IDENTITY;
}

/** What an answer comes to. */
export function answeredDialog(dialog: Dialog, { call, accepted }: DialogAnswer): AnsweredDialog {
  const isUnchanged = dialog.call === call && orderDigest(dialog.facts.order) === dialog.digest;
  return { dialog, isApproved: accepted && isUnchanged };
}

/** The row of a dialog, or of its answer. */
export function dialogEvent(
  event: "confirmation_asked" | "confirmation",
  { id, identity, account, previewId, digest, facts }: Dialog,
  data: Readonly<Record<string, unknown>> = {},
): AuditEvent {
  const clientOrderId = clientOrderIdOf(previewId, digest);
  return {
    event,
    identity,
    clientOrderId,
    account,
    venue: facts.venue,
    data: { confirmation: id, way: "dialog", ...data, digest },
  };
}
