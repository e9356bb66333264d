/**
 * Orders that wait for a person, in the trading record: any process of the machine can ask, be answered on a page or by
 * `approve` in a terminal, and go on with an order that was approved. What an approval allows is one exact order of one
 * identity on one exchange, once, until it expires. It sends nothing by itself.
 */

import { createHash, randomBytes } from "node:crypto";
import { z } from "zod";
import { cleanText } from "../../text/clean_text.ts";
import { readNumber, readOptionalNumber, readText, readTextOrNull } from "../../state/sqlite.ts";
import type { Row } from "../../state/sqlite.ts";
import { recordedIdentity } from "./audit.ts";
import type { Audit } from "./audit.ts";
import { clientOrderIdOf } from "../orders/order.ts";
import { OrderRow } from "./journal_rows.ts";
import { MARKET_WARNING_CODES } from "../orders/market_warnings.ts";
import { orderDigest } from "../orders/order.ts";
import { OrderSummary } from "../orders/order_summary.ts";
import type { PolicyFacts } from "../policy/policy.ts";
import type { StoreConnection } from "./store_connection.ts";
import type { Trader } from "../orders/trader.ts";

/** How long a person may take, and until when the order can be placed after a yes. */
export const CONFIRMATION_LIFETIME_MS = 180_000;

/** Where somebody other than the caller can answer. */
export type OwnerWay = "page" | "terminal";

/** What is done with an order once it is approved. */
export type ApprovedAction = "place" | "replace";

/** What an order is held against when it is sent, and what a replacement goes on with. */
export const ApprovedFacts: z.ZodType<ApprovedFacts> = z.object({
  order: OrderRow,
  notional: z.array(z.object({ currency: z.string(), amount: z.string() })),
  mid: z.string().nullable(),
  averagePrice: z.string().nullable(),
  worstPrice: z.string().nullable().exactOptional(),
  warnings: z.array(z.object({ code: z.enum(MARKET_WARNING_CODES), message: z.string() })),
  replaces: z.object({
    orderId: z.string(),
    filledBefore: z.string(),
    minVolume: z.string(),
  }).exactOptional(),
  venue: z.string().exactOptional(),
});

/** The exact order and what is known of it. */
export interface ApprovedFacts extends PolicyFacts {
  readonly replaces?: {
    readonly orderId: string;
    /** What the old order had traded by then. */
    readonly filledBefore: string;
    /** Less than this is not placed. */
    readonly minVolume: string;
  };
  /** Which simulated exchange or paper account it is for; `""` for an exchange that lasts. */
  readonly venue?: string;
}

/** What is asked for. */
export interface ApprovalRequest extends Trader {
  readonly action: ApprovedAction;
  /** The request as the caller made it: the same one made again waits for the same answer. */
  readonly asked: string;
  /** Under which the order is known to its caller, here and in every process. */
  readonly previewId: string;
  readonly idempotencyKey?: string | undefined;
  readonly facts: ApprovedFacts;
  readonly summary: OrderSummary;
  readonly ways: readonly OwnerWay[];
}

/** Where an approval stands. */
export type ApprovalState = "pending" | "approved" | "declined" | "expired";

/** One question to a person. Times are wall milliseconds. */
export interface Approval extends Required<Omit<ApprovalRequest, "idempotencyKey">> {
  readonly id: string;
  /** As the audit's rows hold it: `recordedIdentity()`. */
  readonly identity: string;
  readonly idempotencyKey: string | undefined;
  /** Of the exact order. */
  readonly digest: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly state: ApprovalState;
  readonly decidedBy: OwnerWay | null;
  readonly decidedAt: number | null;
  /** When a call took the answer, which is taken once. */
  readonly takenAt: number | null;
  /** What became of it, where the journal has no placement of it. */
  readonly outcome: string | null;
}

/** What a request gets: its approval and the one-time secret for the link, of which only a hash is kept. */
export type Requested =
  | { readonly ok: true; readonly approval: Approval; readonly token: string }
  | { readonly ok: false; readonly reason: "too_many" };

/** What a decision gets: the approval as decided, or why it is none. */
export type Decided =
  | { readonly ok: true; readonly approval: Approval }
  | { readonly ok: false; readonly reason: "unknown" | "expired" | "decided" | "elsewhere" };

const MAX_PENDING = 100;

/** So that one client cannot fill all places. */
const MAX_PENDING_PER_IDENTITY = 10;

const MAX_LINE_CHARACTERS = 1_000;

/** How long a row stays after its time is over; the audit keeps what was decided for good. */
const KEPT_MS = 86_400_000;

/** A clock that was set back further than this ends what waits: nobody knows any more how old it is. */
const CLOCK_TOLERANCE_MS = 5_000;

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
    return this.find(id, now) ?? unwritten(id);
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

/** Whether its time is over. */
function isOver({ createdAt, expiresAt }: Pick<Approval, "createdAt" | "expiresAt">, now: number): boolean {
  return now >= expiresAt || now < createdAt - CLOCK_TOLERANCE_MS;
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

function unwritten(id: string): never {
  throw new TypeError(`Cannot read approval ${id}, which was just written`);
}
