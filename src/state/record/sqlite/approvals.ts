/** Orders that wait for a person, in SQLite. */

import { isOver } from "../../../trading/orders/lifetime.ts";
import type { Approval, ApprovalRequest, Decided, Requested } from "../../../trading/record/approval.ts";
import {
  APPROVAL_KEPT_MS,
  approvalEvent,
  canBeTaken,
  canLeadToOrder,
  decided,
  hashOfToken,
  hasRoom,
  MAX_PENDING,
  newApproval,
} from "../../../trading/record/approvals.ts";
import type { Decision } from "../../../trading/record/approvals.ts";
import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import { cleanText } from "../../../text/clean_text.ts";
import { readApproval } from "../rows/approval_row.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";
import type { SqlitePreviews } from "./previews.ts";

/** See {@linkcode Approvals}. */
export class SqliteApprovals {
  readonly #connection: RecordConnection;
  readonly #audit: AuditRows;
  readonly #previews: Pick<SqlitePreviews, "use">;

  constructor(
    connection: RecordConnection,
    { audit, previews }: { readonly audit: AuditRows; readonly previews: Pick<SqlitePreviews, "use"> },
  ) {
    this.#connection = connection;
    this.#audit = audit;
    this.#previews = previews;
  }

  request(request: ApprovalRequest, now: number): Requested {
    const { approval, token } = newApproval(request, now);
    return this.#connection.transaction(() => {
      this.#connection.run("DELETE FROM approvals WHERE expires_at < ?", now - APPROVAL_KEPT_MS);
      if (!hasRoom(this.pending(now), approval.identity)) return { ok: false, reason: "too_many" };
      const problem = request.takesPreview ? this.#previews.use(request, now) : undefined;
      if (problem !== undefined) return { ok: false, reason: problem };
      this.#insert(approval, hashOfToken(token));
      this.#audit.append([approvalEvent("confirmation_asked", approval, { ways: approval.ways })], now);
      return { ok: true, approval, token };
    });
  }

  pending(now: number): Approval[] {
    return this.#all(
      `is_approved IS NULL AND expires_at > ? ORDER BY created_at, rowid LIMIT ${MAX_PENDING}`,
      [now],
      now,
    ).filter(({ state }) => state === "pending");
  }

  decide(id: string, decision: Decision): Decided {
    const { approved, by, now } = decision;
    return this.#connection.transaction(() => {
      const waiting = this.find(id, now);
      const outcome = decided(waiting, decision);
      if (!outcome.ok) return outcome;
      this.#connection.run(
        "UPDATE approvals SET is_approved = ?, decided_by = ?, decided_at = ? WHERE id = ?",
        ...[approved ? 1 : 0, by, now, id],
      );
      this.#audit.append([approvalEvent("confirmation", outcome.approval, { approved, by })], now);
      return outcome;
    });
  }

  take(id: string, now: number): Approval | undefined {
    return this.#connection.transaction(() => {
      const approval = this.find(id, now);
      if (approval === undefined || !canBeTaken(approval, now)) return undefined;
      this.#connection.run("UPDATE approvals SET taken_at = ? WHERE id = ?", now, id);
      return { ...approval, takenAt: now };
    });
  }

  giveBack(id: string): void {
    this.#connection.run("UPDATE approvals SET taken_at = NULL WHERE id = ?", id);
  }

  conclude(id: string, outcome: string): void {
    this.#connection.run("UPDATE approvals SET outcome = ? WHERE id = ?", cleanText(outcome), id);
  }

  find(id: string, now: number): Approval | undefined {
    return this.#all("id = ?", [id], now)[0];
  }

  findByToken(token: string, now: number): Approval | undefined {
    return this.#all("token_hash = ?", [hashOfToken(token)], now)[0];
  }

  findByPreview(
    previewId: string,
    { identity, action }: Pick<Approval, "identity" | "action">,
    now: number,
  ): Approval | undefined {
    const values = [previewId, recordedIdentity(identity), action];
    return this.#all("preview_id = ? AND identity = ? AND action = ?", values, now)[0];
  }

  findAsked(
    { identity, action, asked }: Pick<Approval, "identity" | "action" | "asked">,
    now: number,
  ): Approval | undefined {
    const values = [recordedIdentity(identity), now, action, asked];
    const rows = this.#all(
      "identity = ? AND expires_at > ? AND action = ? AND asked = ? AND taken_at IS NULL ORDER BY rowid",
      values,
      now,
    );
    return rows.findLast((approval) => !isOver(approval, now));
  }

  equalTo(
    { digest, identity, previewId }: Pick<Approval, "digest" | "identity" | "previewId">,
    now: number,
  ): Approval[] {
    const where =
      "identity = ? AND expires_at > ? AND digest = ? AND preview_id <> ? AND taken_at IS NULL ORDER BY rowid";
    const rows = this.#all(where, [recordedIdentity(identity), now, digest, previewId], now);
    return rows.filter((approval) => canLeadToOrder(approval, now));
  }

  #insert(approval: Approval, tokenHash: string): void {
    const { id, identity, account, action, asked, previewId, idempotencyKey, digest, facts, summary, ways } = approval;
    this.#connection.run(
      `INSERT INTO approvals (id, identity, account, action, asked, preview_id, idempotency_key, digest, facts_json,
         summary_json, ways, token_hash, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, identity, account, action, asked, previewId, idempotencyKey ?? null, digest],
      ...[JSON.stringify(facts), JSON.stringify(summary), ways.join(","), tokenHash],
      ...[approval.createdAt, approval.expiresAt],
    );
  }

  #all(where: string, values: readonly (string | number)[], now: number): Approval[] {
    const rows = this.#connection.rows(`SELECT * FROM approvals WHERE ${where}`, ...values);
    return rows.map((row) => readApproval(row, now));
  }
}
