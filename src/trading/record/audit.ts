/**
 * The audit: who decided, confirmed and sent what, when and under which policy. Rows are only ever added, and each holds
 * the hash of the one before it.
 *
 * {@linkcode Audit.verify} finds rows that were changed, removed, put in between or put in another order, at the end
 * too. It cannot find that somebody who can write the record has made all of it anew, as no key is involved: keep the
 * head that it answers elsewhere, and give it back as `expectedHead`; then everything up to that row is proved.
 */

import { CLOCK_TOLERANCE_MS } from "../orders/lifetime.ts";
import type { AuditEvent, AuditRow } from "./audit_row.ts";
import type { Placement } from "./recorded_placement.ts";

/**
 * What {@linkcode Audit.verify} found: all rows and the last one's hash, or the first row that is wrong; `null` where it
 * is no row of the audit. `archived`: how many of the rows lie in archive files, where there are such.
 */
export type Verification =
  | { readonly ok: true; readonly rows: number; readonly head: string; readonly archived?: number }
  | { readonly ok: false; readonly row: number | null; readonly reason: string };

/** Which rows {@linkcode Audit.trail} answers; what is left out is not asked for. */
export interface TrailQuery {
  readonly orderId?: string | undefined;
  readonly clientOrderId?: string | undefined;
  /** Only rows of this identity. */
  readonly identity?: string | undefined;
  /** At most 10,000. @default {1_000} */
  readonly limit?: number;
}

const MINUTE_MS = 60_000;

/** Previews that one caller may ask for in a minute, over all processes: each is a row that stays. */
export const PREVIEWS_PER_MINUTE = 60;

/**
 * From when to when a caller's previews are counted, both exclusive. What lies further ahead than clocks differ was dated
 * by one that was set back since: it would count until that time has come.
 */
export function previewsCounted(now: number): { readonly after: number; readonly before: number } {
  return { after: now - MINUTE_MS, before: now + CLOCK_TOLERANCE_MS + 1 };
}

/** How long to wait for the next preview, where this is when the oldest of a full minute was shown. */
export function previewWait(oldestAt: number | undefined, now: number): number {
  return oldestAt === undefined ? 0 : Math.min(oldestAt + MINUTE_MS - now, MINUTE_MS);
}

/** The append-only, hash-chained record. */
export interface Audit {
  /** Adds a row by itself. Where it is not written, what it speaks of must not happen. */
  record(event: AuditEvent, now: number): Promise<void>;
  /** How long a caller has to wait for its next preview, in milliseconds; 0 when it need not. */
  previewWaitMs(identity: string, now: number): Promise<number>;
  /**
   * The rows of one order, from its preview to its fills, or an identity's rows; the newest `limit`, oldest first. An
   * order is found by either of its ids, in all rows that carry the one or the other; of several exchanges that gave the
   * same order id, it is the last one's.
   */
  trail(query: TrailQuery): Promise<readonly AuditRow[]>;
  /** The number of the last row; 0 where there is none. */
  lastSeq(): Promise<number>;
  /**
   * Checks every row, those in archive files too, and holds placements, sums and the halt against them.
   *
   * @param options `expectedHead`: a head that was kept elsewhere; its row must be there
   */
  verify(options?: { readonly expectedHead?: string | undefined }): Promise<Verification>;
}

/** One row, and what is known of it. */
export interface FeedRow {
  readonly row: AuditRow;
  /** Whether it was added through this use of the record, and not by another process. */
  readonly isOwn: boolean;
  /** How the order that it speaks of stands now. */
  readonly placement: Placement | undefined;
}

/** What {@linkcode AuditFeed.after} answers; `through` is where the next question begins. */
export interface FeedPage {
  readonly rows: readonly FeedRow[];
  readonly through: number;
}

/** What was recorded lately, by all processes, for one reader that tells of it elsewhere. */
export interface AuditFeed {
  /** Begins; answers the number of the last row. */
  start(): Promise<number>;
  /** The first `limit` rows after one, in their order. */
  after(seq: number, limit: number): Promise<FeedPage>;
}
