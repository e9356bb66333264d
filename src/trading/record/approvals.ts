/**
 * Orders that wait for a person, in the trading record: any process of the machine can ask, be answered on a page or by
 * `approve` in a terminal, and go on with an order that was approved. What an approval allows is one exact order of one
 * identity on one exchange, once, until it expires. It sends nothing by itself.
 */

import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../state/sqlite.ts";
import type { Row } from "../../state/sqlite.ts";
import { cleanText } from "../../text/clean_text.ts";
import { clientOrderIdOf, orderDigest } from "../orders/order.ts";
import { OrderSummary } from "../orders/order_summary.ts";
import { ApprovedFacts, CONFIRMATION_LIFETIME_MS, isOver } from "./approval.ts";
import type { Approval, ApprovalRequest, Decided, OwnerWay, Requested } from "./approval.ts";
import type { Audit } from "./audit.ts";
import { recordedIdentity } from "./audit_row.ts";
import type { StoreConnection } from "./store_connection.ts";

const MAX_PENDING = 100;

/** So that one client cannot fill all places. */
const MAX_PENDING_PER_IDENTITY = 10;

const MAX_LINE_CHARACTERS = 1_000;

/** How long a row stays after its time is over; the audit keeps what was decided for good. */
const KEPT_MS = 86_400_000;

/** All questions of one state folder. `now` is always wall milliseconds. */
export class Approvals {
  readonly #connection: StoreConnection;
  readonly #audit: Audit;

  constructor(connection: StoreConnection, { audit }: { audit: Audit }) {
    this.#connection = connection;
    this.#audit = audit;
  }

  /** Asks. At most 100 wait at a time, 10 of one identity. */
  request(request: ApprovalRequest, now: number): Requested {
    const identity = recordedIdentity(request.identity);
    return this.#connection.transaction(() => {
      this.#connection.run("DELETE FROM approvals WHERE expires_at < ?", now - KEPT_MS);
      const waiting = this.pending(now);
      const ofThis = waiting.filter((approval) => approval.identity === identity);
      if (waiting.length >= MAX_PENDING || ofThis.length >= MAX_PENDING_PER_IDENTITY) {
        return { ok: false, reason: "too_many" };
      }
      const token = randomBytes(32).toString("base64url");
      const approval = this.#insert({ ...request, identity }, { token, now });
      this.#append("confirmation_asked", approval, { ways: approval.ways }, now);
      return { ok: true, approval, token };
    });
  }

  /** What waits for an answer, oldest first. */
  pending(now: number): Approval[] {
    return this.#all(
      `is_approved IS NULL AND expires_at > ? ORDER BY created_at, rowid LIMIT ${MAX_PENDING}`,
      [now],
      now,
    ).filter(({ state }) => state === "pending");
  }

  /** Answers a question; the first answer stands. */
  decide(id: string, { approved, by, now }: { approved: boolean; by: OwnerWay; now: number }): Decided {
    return this.#connection.transaction(() => {
      const waiting = this.find(id, now);
      if (waiting === undefined) return { ok: false, reason: "unknown" };
      if (waiting.state === "expired") return { ok: false, reason: "expired" };
      if (waiting.state !== "pending") return { ok: false, reason: "decided" };
      if (!waiting.ways.includes(by)) return { ok: false, reason: "elsewhere" };
      this.#connection.run(
        "UPDATE approvals SET is_approved = ?, decided_by = ?, decided_at = ? WHERE id = ?",
        ...[approved ? 1 : 0, by, now, id],
      );
      this.#append("confirmation", waiting, { approved, by }, now);
      const state = approved ? "approved" : "declined";
      return { ok: true, approval: { ...waiting, state, decidedBy: by, decidedAt: now } };
    });
  }

  /**
   * Takes the answer for the call that acts on it: of all calls, in all processes, one gets it, in time.
   *
   * @throws {StoreError} nobody has taken it, and nothing may be sent
   */
  take(id: string, now: number): Approval | undefined {
    return this.#connection.transaction(() => {
      const approval = this.find(id, now);
      const isOpen = approval?.state === "approved" || approval?.state === "declined";
      if (approval === undefined || !isOpen || approval.takenAt !== null || isOver(approval, now)) return undefined;
      this.#connection.run("UPDATE approvals SET taken_at = ? WHERE id = ?", now, id);
      return { ...approval, takenAt: now };
    });
  }

  /** Gives an answer back that was taken by a call which has begun nothing. */
  giveBack(id: string): void {
    this.#connection.run("UPDATE approvals SET taken_at = NULL WHERE id = ?", id);
  }

  /** Writes what became of it, for whoever looks at its page. */
  conclude(id: string, outcome: string): void {
    this.#connection.run("UPDATE approvals SET outcome = ? WHERE id = ?", cleanText(outcome), id);
  }

  /** A question with its answer. */
  find(id: string, now: number): Approval | undefined {
    return this.#all("id = ?", [id], now)[0];
  }

  /** The question that a one-time secret belongs to. */
  findByToken(token: string, now: number): Approval | undefined {
    return this.#all("token_hash = ?", [hashOf(token)], now)[0];
  }

  /** The question about a caller's own preview, however it stands. */
  findByPreview(
    previewId: string,
    { identity, action }: Pick<Approval, "identity" | "action">,
    now: number,
  ): Approval | undefined {
    const values = [previewId, recordedIdentity(identity), action];
    return this.#all("preview_id = ? AND identity = ? AND action = ?", values, now)[0];
  }

  /** The question that the same call of a caller has asked, as long as its answer can be taken. */
  findAsked(
    { identity, action, asked }: Pick<Approval, "identity" | "action" | "asked">,
    now: number,
  ): Approval | undefined {
    const values = [recordedIdentity(identity), now, action, asked];
    const rows = this.#all(
      "identity = ? AND expires_at > ? AND action = ? AND asked = ? AND taken_at IS NULL",
      values,
      now,
    );
    return rows.findLast((approval) => !isOver(approval, now));
  }

  /** Other questions about an equal order of the same caller that can still lead to an order. */
  equalTo(
    { digest, identity, previewId }: Pick<Approval, "digest" | "identity" | "previewId">,
    now: number,
  ): Approval[] {
    const where = "identity = ? AND expires_at > ? AND digest = ? AND preview_id <> ? AND taken_at IS NULL";
    const rows = this.#all(where, [recordedIdentity(identity), now, digest, previewId], now);
    return rows.filter((approval) => approval.state !== "declined" && !isOver(approval, now));
  }

  #insert(request: ApprovalRequest, { token, now }: { token: string; now: number }): Approval {
    const { identity, paper, action, asked, previewId, idempotencyKey, facts, summary, ways } = request;
    const id = randomBytes(6).toString("hex");
    const digest = orderDigest(facts.order);
    const expiresAt = now + CONFIRMATION_LIFETIME_MS;
    this.#connection.run(
      `INSERT INTO approvals (id, identity, paper, action, asked, preview_id, idempotency_key, digest, facts_json,
         summary_json, ways, token_hash, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[id, identity, paper ? 1 : 0, action, asked, previewId, idempotencyKey ?? null, digest],
      ...[JSON.stringify(facts), JSON.stringify(clean(summary)), ways.join(","), hashOf(token), now, expiresAt],
    );
    return this.find(id, now) ?? notWritten(id);
  }

  #all(where: string, values: readonly (string | number)[], now: number): Approval[] {
    const rows = this.#connection.rows(`SELECT * FROM approvals WHERE ${where}`, ...values);
    return rows.map((row) => readApproval(row, now));
  }

  #append(
    event: "confirmation_asked" | "confirmation",
    { id, identity, previewId, digest, facts }: Approval,
    data: Readonly<Record<string, unknown>>,
    now: number,
  ): void {
    const clientOrderId = clientOrderIdOf(previewId, digest);
    const audit = this.#audit.at(facts.venue ?? "");
    audit.append({ event, identity, clientOrderId, data: { approval: id, digest, ...data } }, now);
  }
}

const Ways = z.array(z.enum(["page", "terminal"]));
const Action = z.enum(["place", "replace"]);

function readApproval(row: Row, now: number): Approval {
  const text = (column: string) => readTextOrNull(row, column);
  const decision = readOptionalNumber(row, "is_approved");
  const times = { createdAt: readNumber(row, "created_at"), expiresAt: readNumber(row, "expires_at") };
  const undecided = isOver(times, now) ? "expired" : "pending";
  const [decidedBy] = Ways.parse(text("decided_by") === null ? [] : [text("decided_by")]);
  return {
    id: readText(row, "id"),
    identity: readText(row, "identity"),
    paper: readNumber(row, "paper") === 1,
    action: Action.parse(row["action"]),
    asked: readText(row, "asked"),
    previewId: readText(row, "preview_id"),
    idempotencyKey: text("idempotency_key") ?? undefined,
    digest: readText(row, "digest"),
    facts: ApprovedFacts.parse(JSON.parse(readText(row, "facts_json"))),
    summary: OrderSummary.parse(JSON.parse(readText(row, "summary_json"))),
    ways: Ways.parse(readText(row, "ways").split(",")),
    ...times,
    state: decision === undefined ? undecided : decision === 1 ? "approved" : "declined",
    decidedBy: decidedBy ?? null,
    decidedAt: readOptionalNumber(row, "decided_at") ?? null,
    takenAt: readOptionalNumber(row, "taken_at") ?? null,
    outcome: text("outcome"),
  };
}

/** Fit for a terminal: nothing but printable characters. */
function clean({ headline, details, warnings, ...summary }: OrderSummary): OrderSummary {
  return {
    ...summary,
    headline: printable(headline),
    details: details.map(({ label, value }) => ({ label: printable(label), value: printable(value) })),
    warnings: warnings.map(printable),
  };
}

function printable(text: string): string {
  return text.slice(0, MAX_LINE_CHARACTERS).replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ");
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

function notWritten(id: string): never {
  throw new TypeError(`Cannot read approval ${id}, which was just written`);
}
