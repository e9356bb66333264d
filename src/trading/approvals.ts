/**
 * Orders that wait for a person, across processes: the server asks, a page on loopback or `approve` in a terminal
 * answers. What an approval allows is one exact order (its digest) of one identity, until it expires.
 */

import { createHash, randomBytes } from "node:crypto";
import { cleanText } from "../exchange/errors.ts";
import { readNumber, readOptionalNumber, readText } from "../state/sqlite.ts";
import type { Row } from "../state/sqlite.ts";
import { recordedIdentity } from "./audit.ts";
import type { Audit } from "./audit.ts";
import type { StoreConnection } from "./store_connection.ts";

/** What is asked for. Times are wall milliseconds. */
export interface ApprovalRequest {
  readonly identity: string;
  /** Of the exact order. */
  readonly digest: string;
  /** Under which the order would be sent; ties the answer to the order's audit. */
  readonly clientOrderId?: string;
  /** The exact order, in words and fields; at most 4,000 characters. */
  readonly text: string;
  readonly expiresAt: number;
  readonly now: number;
}

/** Where an approval stands. */
export type ApprovalState = "pending" | "approved" | "declined" | "expired";

/** One question to a person. */
export interface Approval {
  readonly id: string;
  /** As the audit's rows hold it: `recordedIdentity()`. */
  readonly identity: string;
  readonly digest: string;
  readonly clientOrderId: string | null;
  readonly text: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly state: ApprovalState;
  readonly decidedBy: string | null;
  readonly decidedAt: number | null;
}

/** What a request gets: its id and the one-time secret for the link, which is stored nowhere; or that too many wait. */
export type Requested =
  | { readonly ok: true; readonly id: string; readonly token: string }
  | { readonly ok: false; readonly reason: "too_many" };

/** What a decision gets: the approval as decided, or why it is none. */
export type Decided =
  | { readonly ok: true; readonly approval: Approval }
  | { readonly ok: false; readonly reason: "unknown" | "expired" | "decided" };

const MAX_PENDING = 100;

/** So that one client cannot fill all places. */
const MAX_PENDING_PER_IDENTITY = 10;

const MAX_TEXT_CHARACTERS = 4_000;

/** How long a row stays after its time is over; the audit keeps what was decided for good. */
const KEPT_MS = 86_400_000;

/** All questions of one state folder. */
export class Approvals {
  readonly #connection: StoreConnection;
  readonly #audit: Audit;

  constructor(connection: StoreConnection, { audit }: { audit: Audit }) {
    this.#connection = connection;
    this.#audit = audit;
  }

  /** Asks. At most 100 wait at a time, 10 of one identity. */
  request({ identity, digest, clientOrderId, text, expiresAt, now }: ApprovalRequest): Requested {
    const who = recordedIdentity(identity);
    return this.#connection.transaction(() => {
      this.#connection.run("DELETE FROM approvals WHERE expires_at < ?", now - KEPT_MS);
      const waiting = this.pending(now);
      const ofThis = waiting.filter((approval) => approval.identity === who);
      if (waiting.length >= MAX_PENDING || ofThis.length >= MAX_PENDING_PER_IDENTITY) {
        return { ok: false, reason: "too_many" };
      }
      const id = randomBytes(6).toString("hex");
      const token = randomBytes(32).toString("base64url");
      this.#connection.run(
        `INSERT INTO approvals (id, identity, digest, client_order_id, text, token_hash, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[id, who, digest, clientOrderId ?? null, cleanLines(text), hashOf(token), now, expiresAt],
      );
      this.#append("confirmation_asked", { identity, clientOrderId, now, data: { approval: id, digest } });
      return { ok: true, id, token };
    });
  }

  /** What waits for an answer, oldest first. */
  pending(now: number): Approval[] {
    return this.#connection.rows(
      `SELECT * FROM approvals WHERE is_approved IS NULL AND expires_at > ?
       ORDER BY created_at, rowid LIMIT ${MAX_PENDING}`,
      now,
    ).map((row) => readApproval(row, now));
  }

  /** Answers a question; the first answer stands. */
  decide(id: string, { approved, by, now }: { approved: boolean; by: string; now: number }): Decided {
    return this.#connection.transaction(() => {
      const waiting = this.find(id, now);
      if (waiting === undefined) return { ok: false, reason: "unknown" };
      if (waiting.state === "expired") return { ok: false, reason: "expired" };
      if (waiting.state !== "pending") return { ok: false, reason: "decided" };
      const decidedBy = cleanText(by);
      this.#connection.run(
        "UPDATE approvals SET is_approved = ?, decided_by = ?, decided_at = ? WHERE id = ?",
        ...[approved ? 1 : 0, decidedBy, now, id],
      );
      const { identity, digest, clientOrderId } = waiting;
      const data = { approval: id, digest, approved, by: decidedBy };
      this.#append("confirmation", { identity, clientOrderId, now, data });
      return {
        ok: true,
        approval: { ...waiting, state: approved ? "approved" : "declined", decidedBy, decidedAt: now },
      };
    });
  }

  /** Where a question stands; `unknown` also a day after its time was over. */
  decisionOf(id: string, now: number): ApprovalState | "unknown" {
    return this.find(id, now)?.state ?? "unknown";
  }

  /** A question with its answer, to be compared with the order before that is sent. */
  find(id: string, now: number): Approval | undefined {
    const row = this.#connection.row("SELECT * FROM approvals WHERE id = ?", id);
    return row === undefined ? undefined : readApproval(row, now);
  }

  /** The question that a one-time secret belongs to. */
  findByToken(token: string, now: number): Approval | undefined {
    const row = this.#connection.row("SELECT * FROM approvals WHERE token_hash = ?", hashOf(token));
    return row === undefined ? undefined : readApproval(row, now);
  }

  #append(
    event: "confirmation_asked" | "confirmation",
    { identity, clientOrderId = null, now, data }: {
      identity: string;
      clientOrderId?: string | null | undefined;
      now: number;
      data: Record<string, unknown>;
    },
  ): void {
    this.#audit.append({ event, identity, clientOrderId, data }, now);
  }
}

function readApproval(row: Row, now: number): Approval {
  const text = (column: string) => row[column] === null ? null : readText(row, column);
  const decision = readOptionalNumber(row, "is_approved");
  const expiresAt = readNumber(row, "expires_at");
  const undecided = expiresAt > now ? "pending" : "expired";
  return {
    id: readText(row, "id"),
    identity: readText(row, "identity"),
    digest: readText(row, "digest"),
    clientOrderId: text("client_order_id"),
    text: readText(row, "text"),
    createdAt: readNumber(row, "created_at"),
    expiresAt,
    state: decision === undefined ? undecided : decision === 1 ? "approved" : "declined",
    decidedBy: text("decided_by"),
    decidedAt: readOptionalNumber(row, "decided_at") ?? null,
  };
}

/** Fit for a terminal: nothing but printable characters and line ends. */
function cleanLines(text: string): string {
  return text.slice(0, MAX_TEXT_CHARACTERS).replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, " ");
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
