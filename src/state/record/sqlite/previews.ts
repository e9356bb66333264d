/** Orders that callers were shown, in SQLite. */

import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import {
  MAX_FORGOTTEN,
  MAX_PREVIEWS,
  MAX_PREVIEWS_PER_IDENTITY,
  newPreview,
  PREVIEW_KEPT_MS,
  PREVIEWS_PER_MINUTE,
  previewsCounted,
  previewWait,
} from "../../../trading/record/previews.ts";
import type { NewPreview, Preview } from "../../../trading/record/previews.ts";
import { whyNotPlaceable } from "../../../trading/orders/preview.ts";
import type { PreviewProblem, PreviewState } from "../../../trading/orders/preview.ts";
import type { Redact } from "../../../secrets/redaction.ts";
import { readNumber } from "../../row.ts";
import { readPreview, readPreviewState } from "../rows/preview_row.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";

/** Parts of {@linkcode SqlitePreviews}. */
export interface PreviewParts {
  readonly rows: AuditRows;
  /** Redacts secrets in what people are shown. */
  readonly redact: Redact;
}

/** See {@linkcode Previews}. */
export class SqlitePreviews {
  readonly #connection: RecordConnection;
  readonly #parts: PreviewParts;

  constructor(connection: RecordConnection, parts: PreviewParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  add({ row, shown }: NewPreview, now: number): number {
    return this.#connection.transaction(() => {
      const waitMs = this.waitMs(row.identity, now);
      if (waitMs > 0) return waitMs;
      if (shown !== undefined) this.#insert(newPreview(shown, now), now);
      this.#parts.rows.append([{ ...row, event: "preview" }], now);
      return 0;
    });
  }

  waitMs(identity: string, now: number): number {
    const { after, before } = previewsCounted(now);
    const row = this.#connection.row(
      `SELECT at FROM audit WHERE event = 'preview' AND identity = ? AND at > ? AND at < ? ORDER BY at DESC
         LIMIT 1 OFFSET ?`,
      ...[recordedIdentity(identity), after, before, PREVIEWS_PER_MINUTE - 1],
    );
    return previewWait(row && readNumber(row, "at"), now);
  }

  find(previewId: string, identity: string): Preview | undefined {
    const row = this.#connection.row(
      "SELECT * FROM previews WHERE preview_id = ? AND identity = ?",
      ...[previewId, recordedIdentity(identity)],
    );
    return row && readPreview(row);
  }

  /** The state of a preview of this identity, within a transaction. */
  state(previewId: string, identity: string): PreviewState | undefined {
    const row = this.#connection.row(
      "SELECT created_at, expires_at, used_at FROM previews WHERE preview_id = ? AND identity = ?",
      ...[previewId, recordedIdentity(identity)],
    );
    return row && readPreviewState(row);
  }

  /** Uses up a preview, within a transaction; returns why that is not possible. */
  use(
    { previewId, identity }: { readonly previewId: string; readonly identity: string },
    now: number,
  ): PreviewProblem | undefined {
    const problem = whyNotPlaceable(this.state(previewId, identity), now);
    if (problem === undefined) this.markUsed(previewId, now);
    return problem;
  }

  /** Marks a preview as used, within a transaction that has checked it. */
  markUsed(previewId: string, now: number): void {
    this.#connection.run("UPDATE previews SET used_at = ? WHERE preview_id = ?", now, previewId);
  }

  #insert(preview: Preview, now: number): void {
    const { previewId, identity, account, asked, digest, facts, summary, policyDigest, createdAt, expiresAt } = preview;
    this.#connection.run(
      `INSERT INTO previews (preview_id, identity, account, asked, digest, facts_json, summary_json, policy_digest,
         created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[previewId, identity, account, asked, digest, JSON.stringify(facts)],
      summary === null ? null : this.#parts.redact(JSON.stringify(summary)),
      ...[policyDigest, createdAt, expiresAt],
    );
    this.#forget(identity, now);
  }

  /** Deletes a bounded number of expired rows, and those beyond the limits. */
  #forget(identity: string, now: number): void {
    this.#connection.run(
      `DELETE FROM previews WHERE number IN
         (SELECT number FROM previews WHERE expires_at < ? ORDER BY expires_at LIMIT ${MAX_FORGOTTEN})`,
      now - PREVIEW_KEPT_MS,
    );
    this.#connection.run(
      `DELETE FROM previews WHERE number IN (SELECT number FROM previews WHERE identity = ? ORDER BY number DESC
         LIMIT ${MAX_FORGOTTEN} OFFSET ${MAX_PREVIEWS_PER_IDENTITY})`,
      identity,
    );
    this.#connection.run(
      `DELETE FROM previews WHERE number IN (SELECT number FROM previews
         WHERE number <= (SELECT max(number) FROM previews) - ${MAX_PREVIEWS} ORDER BY number LIMIT ${MAX_FORGOTTEN})`,
    );
  }
}
