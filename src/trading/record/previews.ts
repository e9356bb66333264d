/**
 * Orders that callers were shown and may place through any process: each is one exact order of one identity, is used
 * once, when the order begins or a person is asked about it, and expires.
 */

import { CLOCK_TOLERANCE_MS } from "../orders/lifetime.ts";
import { orderDigest } from "../orders/order.ts";
import type { OrderSummary } from "../orders/order_summary.ts";
import { PREVIEW_LIFETIME_MS } from "../orders/preview.ts";
import type { PreviewState } from "../orders/preview.ts";
import type { Trader } from "../orders/trader.ts";
import type { ApprovedFacts } from "./approval.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { AuditEvent } from "./audit_row.ts";

/** An order that a caller was shown and may place. */
export interface ShownOrder extends Trader {
  readonly previewId: string;
  /** Canonical text of the caller's request. */
  readonly asked: string;
  /** The exact order, and what it is checked against when it is sent. */
  readonly facts: ApprovedFacts;
  /** Digest of the policy by which it was evaluated. */
  readonly policyDigest: string;
  /** What a person is to be shown, if the policy requires confirmation. */
  readonly summary: OrderSummary | null;
}

/** A preview in the record. Times are wall clock milliseconds. */
export interface Preview extends ShownOrder, PreviewState {
  /** As in the audit's rows: `recordedIdentity()`. */
  readonly identity: string;
  /** Digest of the exact order. */
  readonly digest: string;
}

/** A caller's preview to record: the audit row, and the order if it can be placed. */
export interface NewPreview {
  readonly row: Omit<AuditEvent, "event">;
  readonly shown?: ShownOrder | undefined;
}

/**
 * The newest 10,000 previews, and of one identity the newest 100; used and expired ones are kept for ten minutes at
 * most. A preview is used up by `Journal.begin()`, `Approvals.request()` or `Dialogs.ask()`, within their own
 * transactions. Every operation rejects with a `StoreError` when it fails.
 */
export interface Previews {
  /**
   * Records what a caller was shown, unless the caller had 60 previews within the last minute: then returns how long to
   * wait, in milliseconds.
   */
  add(preview: NewPreview, now: number): Promise<number>;
  /** How long a caller must wait for its next preview, in milliseconds; 0 when it need not. */
  waitMs(identity: string, now: number): Promise<number>;
  /** A preview of this identity, in any state; one of another identity is not found. */
  find(previewId: string, identity: string): Promise<Preview | undefined>;
}

const MINUTE_MS = 60_000;

/** Previews that one caller may request per minute, over all processes, as each adds a permanent row. */
export const PREVIEWS_PER_MINUTE = 60;

/**
 * The period in which a caller's previews are counted, both ends exclusive. A row further ahead than clocks may differ
 * was dated by a clock that was set back since, and would otherwise count until that time.
 */
export function previewsCounted(now: number): { readonly after: number; readonly before: number } {
  return { after: now - MINUTE_MS, before: now + CLOCK_TOLERANCE_MS + 1 };
}

/** How long to wait for the next preview, given when the oldest of a full minute was made. */
export function previewWait(oldestAt: number | undefined, now: number): number {
  return oldestAt === undefined ? 0 : Math.min(oldestAt + MINUTE_MS - now, MINUTE_MS);
}

/** The most previews that are kept. */
export const MAX_PREVIEWS = 10_000;

/** Lower, so that one client cannot take all places. */
export const MAX_PREVIEWS_PER_IDENTITY = 100;

/** How long a preview is kept after it expired, so that its caller can be told what became of it. */
export const PREVIEW_KEPT_MS = 600_000;

/** The most expired rows that one operation deletes. */
export const MAX_FORGOTTEN = 100;

/** A new preview. */
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
