/**
 * Orders that callers were shown and may place, by whichever process: each is one exact order of one identity, is used
 * once, by what begins the order or asks a person about it, and ends by itself.
 */

import { orderDigest } from "../orders/order.ts";
import type { OrderSummary } from "../orders/order_summary.ts";
import { PREVIEW_LIFETIME_MS } from "../orders/preview.ts";
import type { PreviewState } from "../orders/preview.ts";
import type { Trader } from "../orders/trader.ts";
import type { ApprovedFacts } from "./approval.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { AuditEvent } from "./audit_row.ts";

/** An order that a caller is shown and may place. */
export interface ShownOrder extends Trader {
  readonly previewId: string;
  /** What its caller asked for, in one form. */
  readonly asked: string;
  /** The exact order, and what it is held against when it is sent. */
  readonly facts: ApprovedFacts;
  /** Of the policy by which it was evaluated. */
  readonly policyDigest: string;
  /** What a person is to be shown, where the policy asks for one. */
  readonly summary: OrderSummary | null;
}

/** A preview as the record keeps it. Times are wall milliseconds. */
export interface Preview extends ShownOrder, PreviewState {
  /** As the audit's rows hold it: `recordedIdentity()`. */
  readonly identity: string;
  /** Of the exact order. */
  readonly digest: string;
}

/** A caller's preview that is to be written down: the audit's row, and the order where it can be placed. */
export interface NewPreview {
  readonly row: Omit<AuditEvent, "event">;
  readonly shown?: ShownOrder | undefined;
}

/**
 * The newest 10,000 previews, of one identity the newest 100; used ones and those whose time is over stay for ten minutes
 * at most. What uses one up is `Journal.begin()`, `Approvals.request()` or `Dialogs.ask()`, within its own transaction.
 * Every operation rejects with a `StoreError` where it cannot be done.
 */
export interface Previews {
  /**
   * Writes down what a caller was shown, unless the caller had 60 previews within the last minute: then answers how long
   * to wait, in milliseconds.
   */
  add(preview: NewPreview, now: number): Promise<number>;
  /** A preview of this identity, however it stands; another identity's is not found. */
  find(previewId: string, identity: string): Promise<Preview | undefined>;
}

/** How many are kept. */
export const MAX_PREVIEWS = 10_000;

/** So that one client cannot take all places. */
export const MAX_PREVIEWS_PER_IDENTITY = 100;

/** How long a preview stays after its time is over, so that its caller is told what became of it. */
export const PREVIEW_KEPT_MS = 600_000;

/** Rows whose time is over that one operation takes away at most. */
export const MAX_FORGOTTEN = 100;

/** A preview that is shown now. */
export function newPreview({ identity, ...shown }: ShownOrder, now: number): Preview {
  return {
    ...shown,
    identity: recordedIdentity(identity),
    digest: orderDigest(shown.facts.order),
    createdAt: now,
    expiresAt: now + PREVIEW_LIFETIME_MS,
    usedAt: null,
  };
}
