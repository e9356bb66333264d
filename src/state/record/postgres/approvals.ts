/** Orders that wait for a person, on PostgreSQL. */

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
import type { Approvals, Decision } from "../../../trading/record/approvals.ts";
import { recordedIdentity } from "../../../trading/record/audit_row.ts";
import { cleanText } from "../../../text/clean_text.ts";
import { readApproval } from "../rows/approval_row.ts";
import type { Session, Value } from "./database.ts";
import { usePreview } from "./previews.ts";
import type { RecordConnection } from "./record_connection.ts";

const PENDING = `is_approved IS NULL AND expires_at > $1 ORDER BY created_at, number LIMIT ${MAX_PENDING}`;

/** See {@linkcode Approvals}. */
export class PostgresApprovals implements Approvals {
  readonly #connection: RecordConnection;

  constructor(connection: RecordConnection) {
    this.#connection = connection;
  }

  request(request: ApprovalRequest, now: number): Promise<Requested> {
    const { approval, token } = newApproval(request, now);
    return this.#connection.change(async (change) => {
      await change.query("DELETE FROM approvals WHERE expires_at < $1", [now - APPROVAL_KEPT_MS]);
      const waiting = pendingAmong(await approvalsWhere(change, PENDING, { values: [now], now }));
      if (!hasRoom(waiting, approval.identity)) return { ok: false, reason: "too_many" };
      const problem = request.takesPreview ? await usePreview(change, request, now) : undefined;
      if (problem !== undefined) return { ok: false, reason: problem };
      await insert(change, approval, hashOfToken(token));
      change.append([approvalEvent("confirmation_asked", approval, { ways: approval.ways })], now);
      return { ok: true, approval, token };
    });
  }

  async pending(now: number): Promise<Approval[]> {
    return pendingAmong(await this.#all(PENDING, [now], now));
  }

  decide(id: string, decision: Decision): Promise<Decided> {
    const { approved, by, now } = decision;
    return this.#connection.change(async (change) => {
      const [waiting] = await approvalsWhere(change, "id = $1", { values: [id], now });
      const outcome = decided(waiting, decision);
      if (!outcome.ok) return outcome;
      await change.query("UPDATE approvals SET is_approved = $1, decided_by = $2, decided_at = $3 WHERE id = $4", [
        approved ? 1 : 0,
        by,
        now,
        id,
      ]);
      change.append([approvalEvent("confirmation", outcome.approval, { approved, by })], now);
      return outcome;
    });
  }

  take(id: string, now: number): Promise<Approval | undefined> {
    return this.#connection.change(async (change) => {
      const [approval] = await approvalsWhere(change, "id = $1", { values: [id], now });
      if (approval === undefined || !canBeTaken(approval, now)) return undefined;
      await change.query("UPDATE approvals SET taken_at = $1 WHERE id = $2", [now, id]);
      return { ...approval, takenAt: now };
    });
  }

  async giveBack(id: string): Promise<void> {
    await this.#connection.change(({ query }) => query("UPDATE approvals SET taken_at = NULL WHERE id = $1", [id]));
  }

  async conclude(id: string, outcome: string): Promise<void> {
    await this.#connection.change(({ query }) =>
      query("UPDATE approvals SET outcome = $1 WHERE id = $2", [cleanText(outcome), id])
    );
  }

  async find(id: string, now: number): Promise<Approval | undefined> {
    return (await this.#all("id = $1", [id], now))[0];
  }

  async findByToken(token: string, now: number): Promise<Approval | undefined> {
    return (await this.#all("token_hash = $1", [hashOfToken(token)], now))[0];
  }

  async findByPreview(
    previewId: string,
    { identity, action }: Pick<Approval, "identity" | "action">,
    now: number,
  ): Promise<Approval | undefined> {
    const values = [previewId, recordedIdentity(identity), action];
    return (await this.#all("preview_id = $1 AND identity = $2 AND action = $3", values, now))[0];
  }

  async findAsked(
    { identity, action, asked }: Pick<Approval, "identity" | "action" | "asked">,
    now: number,
  ): Promise<Approval | undefined> {
    const where =
      "identity = $1 AND expires_at > $2 AND action = $3 AND asked = $4 AND taken_at IS NULL ORDER BY number";
    const rows = await this.#all(where, [recordedIdentity(identity), now, action, asked], now);
    return rows.findLast((approval) => !isOver(approval, now));
  }

  async equalTo(
    { digest, identity, previewId }: Pick<Approval, "digest" | "identity" | "previewId">,
    now: number,
  ): Promise<Approval[]> {
    const where =
      "identity = $1 AND expires_at > $2 AND digest = $3 AND preview_id <> $4 AND taken_at IS NULL ORDER BY number";
    const rows = await this.#all(where, [recordedIdentity(identity), now, digest, previewId], now);
    return rows.filter((approval) => canLeadToOrder(approval, now));
  }

  async #all(where: string, values: readonly Value[], now: number): Promise<Approval[]> {
    const rows = await this.#connection.rows(`SELECT * FROM approvals WHERE ${where}`, ...values);
    return rows.map((row) => readApproval(row, now));
  }
}

function pendingAmong(approvals: readonly Approval[]): Approval[] {
  return approvals.filter(({ state }) => state === "pending");
}

async function approvalsWhere(
  { query }: Session,
  where: string,
  { values, now }: { values: readonly Value[]; now: number },
): Promise<Approval[]> {
  return (await query(`SELECT * FROM approvals WHERE ${where}`, values)).map((row) => readApproval(row, now));
}

async function insert({ query }: Session, approval: Approval, tokenHash: string): Promise<void> {
  const { id, identity, account, action, asked, previewId, idempotencyKey, digest, facts, summary, ways } = approval;
  await query(
    `INSERT INTO approvals (id, identity, account, action, asked, preview_id, idempotency_key, digest, facts_json,
       summary_json, ways, token_hash, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      ...[id, identity, account, action, asked, previewId, idempotencyKey ?? null, digest],
      ...[JSON.stringify(facts), JSON.stringify(summary), ways.join(","), tokenHash],
      ...[approval.createdAt, approval.expiresAt],
    ],
  );
}
