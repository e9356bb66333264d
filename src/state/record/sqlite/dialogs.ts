/** Orders that wait for a dialog, in SQLite. */

import type { Approval } from "../../../trading/record/approval.ts";
import { hashOfToken } from "../../../trading/record/approvals.ts";
import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import {
  answeredDialog,
  DIALOG_KEPT_MS,
  dialogEvent,
  hasRoomForDialog,
  newDialog,
} from "../../../trading/record/dialogs.ts";
import type {
  AnsweredDialog,
  Dialog,
  DialogAnswer,
  DialogAsked,
  DialogRequest,
} from "../../../trading/record/dialogs.ts";
import { MAX_FORGOTTEN } from "../../../trading/record/previews.ts";
import { CLOCK_TOLERANCE_MS, isOver } from "../../../trading/orders/lifetime.ts";
import type { Redact } from "../../../secrets/redaction.ts";
import { readNumber, readText } from "../../row.ts";
import { readDialog } from "../rows/dialog_row.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";
import type { SqlitePreviews } from "./previews.ts";

/** Parts of {@linkcode SqliteDialogs}. */
export interface DialogParts {
  readonly rows: AuditRows;
  readonly previews: Pick<SqlitePreviews, "use">;
  /** Redacts secrets in what people are shown. */
  readonly redact: Redact;
}

/** Those that can still be answered. */
const WAITING = "expires_at > ?1 AND created_at <= ?1 + " + CLOCK_TOLERANCE_MS;

/** See {@linkcode Dialogs}. */
export class SqliteDialogs {
  readonly #connection: RecordConnection;
  readonly #parts: DialogParts;

  constructor(connection: RecordConnection, parts: DialogParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  ask(request: DialogRequest, now: number): DialogAsked {
    const { dialog, token } = newDialog(request, now);
    const { rows, previews } = this.#parts;
    return this.#connection.transaction(() => {
      this.#forget(now);
      if (!hasRoomForDialog(this.#waiting(dialog.identity, now))) return { ok: false, reason: "too_many" };
      const problem = request.takesPreview ? previews.use(request, now) : undefined;
      if (problem !== undefined) return { ok: false, reason: problem };
      this.#insert(dialog, hashOfToken(token));
      rows.append([dialogEvent("confirmation_asked", dialog)], now);
      return { ok: true, id: dialog.id, token };
    });
  }

  answer(token: string, answer: DialogAnswer): AnsweredDialog | undefined {
    const { identity, now } = answer;
    return this.#connection.transaction(() => {
      const row = this.#connection.row(
        "SELECT * FROM dialogs WHERE token_hash = ? AND identity = ?",
        ...[hashOfToken(token), recordedIdentity(identity)],
      );
      if (row === undefined) return undefined;
      const dialog = readDialog(row);
      this.#connection.run("DELETE FROM dialogs WHERE id = ?", dialog.id);
      if (isOver(dialog, now)) return undefined;
      const answered = answeredDialog(dialog, answer);
      this.#parts.rows.append([dialogEvent("confirmation", dialog, { approved: answered.isApproved })], now);
      return answered;
    });
  }

  equalTo(
    { digest, identity, previewId }: Pick<Approval, "digest" | "identity" | "previewId">,
    now: number,
  ): string[] {
    const rows = this.#connection.rows(
      `SELECT id FROM dialogs WHERE ${WAITING} AND identity = ?2 AND digest = ?3 AND preview_id <> ?4 ORDER BY number`,
      ...[now, recordedIdentity(identity), digest, previewId],
    );
    return rows.map((row) => readText(row, "id"));
  }

  #waiting(identity: string, now: number): { readonly all: number; readonly own: number } {
    const row = this.#connection.row(
      `SELECT count(*) AS "all", count(*) FILTER (WHERE identity = ?2) AS own FROM dialogs WHERE ${WAITING}`,
      ...[now, identity],
    );
    return { all: readNumber(row, "all"), own: readNumber(row, "own") };
  }

  #forget(now: number): void {
    this.#connection.run(
      `DELETE FROM dialogs WHERE number IN
         (SELECT number FROM dialogs WHERE expires_at < ? ORDER BY expires_at LIMIT ${MAX_FORGOTTEN})`,
      now - DIALOG_KEPT_MS,
    );
  }

  #insert(dialog: Dialog, tokenHash: string): void {
    const { id, identity, account, action, asked, call, previewId, idempotencyKey, digest, facts, summary } = dialog;
    this.#connection.run(
      `INSERT INTO dialogs (id, identity, account, action, asked, call, preview_id, idempotency_key, digest, facts_json,
         summary_json, token_hash, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, identity, account, action, asked, call, previewId, idempotencyKey ?? null, digest],
      ...[JSON.stringify(facts), this.#parts.redact(JSON.stringify(summary)), tokenHash],
      ...[dialog.createdAt, dialog.expiresAt],
    );
  }
}
