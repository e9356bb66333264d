/**
 * The audit: who decided, confirmed and sent what, when and under which policy. Rows are only appended, and each
 * contains the hash of the previous one.
 *
 * {@linkcode Audit.verify} detects rows that were changed, removed, inserted or reordered, including at the end. It
 * cannot detect that somebody with write access recomputed the whole chain, as no key is involved: store the head that
 * it returns elsewhere, and pass it as `expectedHead`; everything up to that row is then proved.
 */

import type { AuditEvent, AuditRow } from "./audit_row.ts";
import type { Placement } from "./recorded_placement.ts";

/**
 * The result of {@linkcode Audit.verify}: the number of rows and the last hash, or the first invalid row; `null` when
 * the problem is not in a row. `archived`: how many rows are in archive files, if there are any.
 */
export type Verification =
  | { readonly ok: true; readonly rows: number; readonly head: string; readonly archived?: number }
  | { readonly ok: false; readonly row: number | null; readonly reason: string };

/** The rows that {@linkcode Audit.trail} returns; absent fields do not filter. */
export interface TrailQuery {
  readonly orderId?: string | undefined;
  readonly clientOrderId?: string | undefined;
  /** Only rows of this identity. */
  readonly identity?: string | undefined;
  /** At most 10,000. @default {1_000} */
  readonly limit?: number;
}

/** The append-only, hash-chained log. */
export interface Audit {
  /** Appends a single row. When that fails, the action that it describes must not happen. */
  record(event: AuditEvent, now: number): Promise<void>;
  /**
   * The rows of one order, from its preview to its fills, or of an identity; the newest `limit`, oldest first. An order
   * is found by either of its ids; when several exchanges gave the same order id, the latest one's rows.
   */
  trail(query: TrailQuery): Promise<readonly AuditRow[]>;
  /** The number of the last row; 0 when there is none. */
  lastSeq(): Promise<number>;
  /**
   * Verifies every row, including archive files, and compares placements, sums and the halt with them.
   *
   * @param options `expectedHead`: a head that was stored elsewhere; its row must exist
   */
  verify(options?: { readonly expectedHead?: string | undefined }): Promise<Verification>;
}

/** One row, and its context. */
export interface FeedRow {
  readonly row: AuditRow;
  /** Whether this instance of the record appended it, not another process. */
  readonly isOwn: boolean;
  /** The present state of its order. */
  readonly placement: Placement | undefined;
}

/** The result of {@linkcode AuditFeed.after}; `through` is where the next call continues. */
export interface FeedPage {
  readonly rows: readonly FeedRow[];
  readonly through: number;
}

/** Rows that any process recorded recently, for one reader that reports them elsewhere. */
export interface AuditFeed {
  /** Begins; returns the number of the last row. */
  start(): Promise<number>;
  /** The first `limit` rows after a row, in sequence. */
  after(seq: number, limit: number): Promise<FeedPage>;
}
