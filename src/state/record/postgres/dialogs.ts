/** Orders that wait for a dialog, on PostgreSQL. */

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
  Dialogs,
} from "../../../trading/record/dialogs.ts";
import { MAX_FORGOTTEN } from "../../../trading/record/previews.ts";
import { CLOCK_TOLERANCE_MS, isOver } from "../../../trading/orders/lifetime.ts";
import type { Redact } from "../../../secrets/redaction.ts";
import { readNumber, readText } from "../../row.ts";
import { readDialog } from "../rows/dialog_row.ts";
import type { Session } from "./database.ts";
import { usePreview } from "./previews.ts";
import type { RecordConnection } from "./record_connection.ts";

/** Those that can still be answered. */
const WAITING = `expires_at > $1 AND created_at <= $1 + ${CLOCK_TOLERANCE_MS}`;

/** See {@linkcode Dialogs}. */
export class PostgresDialogs implements Dialogs {
  readonly #connection: RecordConnection;
  readonly #redact: Redact;

  /** `redact` removes secrets from what people are shown. */
  constructor(connection: RecordConnection, { redact }: { readonly redact: Redact }) {
    this.#connection = connection;
    this.#redact = redact;
  }

  ask(request: DialogRequest, now: number): Promise<DialogAsked> {
    const { dialog, token } = newDialog(request, now);
    return this.#connection.change(async (change) => {
      await change.query(FORGET, [now - DIALOG_KEPT_MS]);
      if (!hasRoomForDialog(await countWaiting(change, dialog.identity, now))) return { ok: false, reason: "too_many" };
      const problem = request.takesPreview ? await usePreview(change, request, now) : undefined;
      if (problem !== undefined) return { ok: false, reason: problem };
      await insert(change, dialog, { tokenHash: hashOfToken(token), redact: this.#redact });
      change.append([dialogEvent("confirmation_asked", dialog)], now);
      return { ok: true, id: dialog.id, token };
    });
  }

  answer(token: string, answer: DialogAnswer): Promise<AnsweredDialog | undefined> {
    const { identity, now } = answer;
    return this.#connection.change(async (change) => {
      const [row] = await change.query("DELETE FROM dialogs WHERE token_hash = $1 AND identity = $2 RETURNING *", [
        hashOfToken(token),
        recordedIdentity(identity),
      ]);
      if (row === undefined) return undefined;
      const dialog = readDialog(row);
      if (isOver(dialog, now)) return undefined;
      const answered = answeredDialog(dialog, answer);
      change.append([dialogEvent("confirmation", dialog, { approved: answered.isApproved })], now);
      return answered;
    });
  }

  async equalTo(
    { digest, identity, previewId }: Pick<Approval, "digest" | "identity" | "previewId">,
    now: number,
  ): Promise<string[]> {
    const rows = await this.#connection.rows(
      `SELECT id FROM dialogs WHERE ${WAITING} AND identity = $2 AND digest = $3 AND preview_id <> $4 ORDER BY number`,
      ...[now, recordedIdentity(identity), digest, previewId],
    );
    return rows.map((row) => readText(row, "id"));
  }
}

const FORGET = `DELETE FROM dialogs WHERE number IN
  (SELECT number FROM dialogs WHERE expires_at < $1 ORDER BY expires_at LIMIT ${MAX_FORGOTTEN})`;

async function countWaiting({ query }: Session, identity: string, now: number) {
  const [row] = await query(
    `SELECT count(*) AS "all", count(*) FILTER (WHERE identity = $2) AS own FROM dialogs WHERE ${WAITING}`,
    [now, identity],
  );
  return { all: readNumber(row, "all"), own: readNumber(row, "own") };
}

async function insert(
  { query }: Session,
  dialog: Dialog,
  { tokenHash, redact }: { readonly tokenHash: string; readonly redact: Redact },
): Promise<void> {
  const { id, identity, account, action, asked, call, previewId, idempotencyKey, digest, facts, summary } = dialog;
  await query(
    `INSERT INTO dialogs (id, identity, account, action, asked, call, preview_id, idempotency_key, digest, facts_json,
       summary_json, token_hash, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      ...[id, identity, account, action, asked, call, previewId, idempotencyKey ?? null, digest],
      ...[JSON.stringify(facts), redact(JSON.stringify(summary)), tokenHash, dialog.createdAt, dialog.expiresAt],
    ],
  );
}
