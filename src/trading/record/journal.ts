/**
 * The journal: every placement on durable storage before its first byte leaves, and what became of it.
 *
 * It decides what depends on other placements (single use, repetition, limits that count) in the transaction that
 * writes the intent. It sends nothing and asks the exchange nothing.
 */

import type { ErrorCode, ToolErrorCode } from "../../errors/errors.ts";
import { cleanText } from "../../text/clean_text.ts";
import { parseDecimal } from "../../money/decimals.ts";
import { readNumber } from "../../state/sqlite.ts";
import type { Audit, AuditEventName } from "./audit.ts";
import { DayUse } from "./day_use.ts";
import { readPlacement } from "./journal_rows.ts";
import type { Placement, PlacementState } from "./journal_rows.ts";
import type { Instances } from "./instances.ts";
import type { KillSwitch } from "./kill_switch.ts";
import { checkLimits, startOfCoolOff, startOfMinute } from "../policy/limits.ts";
import type { Use } from "../policy/limits.ts";
import { orderDigest } from "../orders/order.ts";
import type { Policy } from "../policy/policy.ts";
import { haltSentence } from "../policy/trading_rights.ts";
import { mayTradeTogether } from "../orders/self_trade.ts";
import { ReplacementClaims } from "./replacement_claims.ts";
import type { ReplacementClaim } from "./replacement_claims.ts";
import type { StoreConnection } from "./store_connection.ts";
import type { Trader } from "../orders/trader.ts";

export type { Placement, PlacementState } from "./journal_rows.ts";

/** What {@linkcode Journal.begin} needs to know of a placement. */
export type NewPlacement =
  & Pick<
    Placement,
    | "clientOrderId"
    | "identity"
    | "paper"
    | "previewId"
    | "idempotencyKey"
    | "order"
    | "digest"
    | "policyDigest"
    | "notional"
  >
  & {
    /** The process that sends it. */
    readonly instance: string;
    /** When the exchange refuses the request at the latest: its `timestamp` and `ttl`, wall ms. */
    readonly validUntil: number;
    /** What its caller asked for, in one form. @default null */
    readonly asked?: string | null;
    /** The claim of the order that it replaces. */
    readonly replaces?: Pick<ReplacementClaim, "orderId" | "attempt"> | undefined;
    /** The worst price at which a market order is expected to trade. @default null */
    readonly worstPrice?: string | null;
  };

/** Why a placement may not begin; the message says what to do. Nothing was written but the refusal's audit row. */
export interface Refused {
  readonly kind: "refused";
  readonly code: ToolErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** What {@linkcode Journal.repeat} answers. `repeated`: the same key and order as before, with what became of that. */
export type Repeated = { readonly kind: "repeated"; readonly placement: Placement } | Refused;

/** What {@linkcode Journal.begin} answers. `begun`: the order is written as sent, and is to be sent at once. */
export type Begun = { readonly kind: "begun"; readonly placement: Placement } | Repeated;

/** What {@linkcode Journal.wouldRefuse} holds an order against. */
export interface Refusing {
  readonly policy: Policy;
  /** Wall milliseconds. */
  readonly now: number;
  /** The client order id of an order that will be gone when this one is placed. */
  readonly without?: string | undefined;
}

/** What became of a placement. */
export type Settlement =
  | { readonly state: "placed"; readonly orderId: string }
  | { readonly state: "not_placed" | "unknown"; readonly reason: ErrorCode };

/** Which placements of other venues {@linkcode Journal.endOthers} ends. */
export interface EndedVenues {
  /** @default everybody's */
  readonly identity?: string | undefined;
  readonly paper: boolean;
  /** Whether the venue that a process brought with it may still be there; `null` where no process is known. */
  readonly mayLive: (instance: string | null) => boolean;
  /** Wall milliseconds. */
  readonly now: number;
}

/** How an order ended: what was filled in all, as decimals. */
export interface FinalFacts {
  readonly base: string;
  readonly counter: string;
  readonly feeBase?: string;
  readonly feeCounter?: string;
  /** The exchange's own word for how it ended. */
  readonly status?: string;
}

/** States that a later answer may replace only by one further right: what is known is never unlearnt. */
const KNOWLEDGE: readonly PlacementState[] = ["intent", "sent", "unknown", "not_placed", "placed"];

/** Refusals that may come in after a cool-off has begun, of orders that were on their way. */
const MAX_LATE_REFUSALS = 500;

/** What a {@linkcode Journal} stands on. */
export interface JournalParts {
  readonly audit: Audit;
  readonly killSwitch: KillSwitch;
  readonly instances: Pick<Instances, "has" | "isAlive">;
}

/** All placements of one state folder, or those of one venue in it. */
export class Journal {
  readonly #connection: StoreConnection;
  readonly #parts: JournalParts;
  readonly #venue: string | null;
  readonly #dayUse: DayUse;
  /** Orders that are being replaced or were. */
  readonly replacements: ReplacementClaims;

  constructor(connection: StoreConnection, parts: JournalParts, venue: string | null = null) {
    this.#connection = connection;
    this.#parts = parts;
    this.#venue = venue;
    this.#dayUse = new DayUse(connection);
    this.replacements = new ReplacementClaims(connection, { instances: parts.instances, venue: venue ?? "" });
  }

  /**
   * The placements of one exchange: keys, order ids and limits of others mean nothing there. `""` is an exchange that
   * never starts anew; what is written through a journal of all venues is its.
   */
  at(venue: string): Journal {
    return new Journal(this.#connection, this.#parts, venue);
  }

  /**
   * Writes that an order is being sent, unless something forbids it: a repetition, the kill switch, an instance that was
   * taken over, a preview that was used, a limit that counts, an own order that it may trade with. One transaction: so
   * nobody is halted, and no limit reached, between the decision and its order. A repetition is told first, as what it
   * asks for may exist however trading stands now.
   *
   * @throws {StoreError} nothing was written and nothing may be sent
   */
  begin(entry: NewPlacement, policy: Policy, now: number): Begun {
    if (entry.digest !== orderDigest(entry.order)) {
      throw new TypeError(`Cannot begin ${entry.clientOrderId} as its digest is another order's`);
    }
    return this.#connection.transaction(() => {
      // In the audit no order comes after a halt by the file, as soon as anybody has seen that.
      this.#parts.killSwitch.noteFile(now);
      const answer = this.#repetitionOf(entry) ?? this.#refusalOf(entry, { policy, now });
      if (answer !== null) return this.#noteRefusal(entry, answer, now);
      const placement = this.#insert(entry, now);
      if (entry.replaces !== undefined) this.replacements.placed(entry.replaces, entry.clientOrderId);
      const { previewId, digest, policyDigest, paper, order, notional, idempotencyKey, instance, validUntil } = entry;
      const facts = { preview_id: previewId, digest, policy: policyDigest, paper, order, notional };
      this.#note(entry, { event: "intent", now, data: { ...facts, idempotency_key: idempotencyKey, instance } });
      this.#note(entry, { event: "sent", now, data: { valid_until: validUntil } });
      return { kind: "begun", placement };
    });
  }

  /**
   * Answers a call whose idempotency key was used before; `undefined` for a key that is new, or where there is none.
   *
   * @throws {StoreError}
   */
  repeat(entry: Omit<NewPlacement, "instance" | "validUntil">, now: number): Repeated | undefined {
    if (entry.idempotencyKey === null || this.findByKey(entry.identity, entry.idempotencyKey) === undefined) {
      return undefined;
    }
    return this.#connection.transaction(() => {
      const answer = this.#repetitionOf(entry);
      return answer && this.#noteRefusal(entry, answer, now);
    });
  }

  /**
   * Writes that the request of an order that has begun was never made.
   *
   * @throws {StoreError} the order is looked up later, in vain
   */
  withdraw(clientOrderId: string, reason: ErrorCode, now: number): Placement {
    return this.#connection.transaction(() => {
      this.#connection.run("UPDATE placements SET sent_at = NULL WHERE client_order_id = ?", clientOrderId);
      return this.settle(clientOrderId, { state: "not_placed", reason }, now);
    });
  }

  /** Settles an intent of a version that wrote intents apart, unless it was sent meanwhile. */
  forgetIntent(clientOrderId: string, now: number): void {
    this.#connection.transaction(() => {
      if (this.#get(clientOrderId).state !== "intent") return;
      this.settle(clientOrderId, { state: "not_placed", reason: "ERR_NEVER_SENT" }, now);
    });
  }

  /**
   * Writes what became of a placement and answers how it stands then. What is known stays: `placed` for good,
   * `not_placed` unless the order is found after all; so tell callers what this answers, not what was passed.
   *
   * @throws {StoreError} the outcome was not written; at the next start the order is looked up again
   */
  settle(clientOrderId: string, outcome: Settlement, now: number): Placement {
    return this.#connection.transaction(() => {
      const before = this.#get(clientOrderId);
      if (KNOWLEDGE.indexOf(outcome.state) <= KNOWLEDGE.indexOf(before.state)) return before;
      const orderId = outcome.state === "placed" ? cleanText(outcome.orderId) : null;
      const reason = outcome.state === "placed" ? null : outcome.reason;
      this.#connection.run(
        `UPDATE placements SET state = ?, order_id = ?, reason = ?, settled_at = ?, is_alive = ?
         WHERE client_order_id = ?`,
        ...[outcome.state, orderId, reason, now, outcome.state === "not_placed" ? 0 : 1, clientOrderId],
      );
      if (outcome.state === "not_placed") this.#dayUse.release(before);
      else if (before.state === "not_placed") this.#dayUse.reserve(before);
      const after = this.#get(clientOrderId);
      this.#note(after, { event: "outcome", now, data: { state: after.state, reason: after.reason } });
      return after;
    });
  }

  /** Writes that a placed order is final; a second time does nothing. */
  close(clientOrderId: string, facts: FinalFacts, now: number): void {
    this.#connection.transaction(() => {
      const placement = this.#get(clientOrderId);
      if (!placement.isOpen) return;
      this.#connection.run("UPDATE placements SET is_alive = 0 WHERE client_order_id = ?", clientOrderId);
      const event = parseDecimal(facts.base).eq(0) ? "closed" : "fill";
      this.#note(placement, { event, now, data: { ...facts, final: true } });
    });
  }

  /**
   * Ends what is alive on other venues that are gone for good: none of it exists any more. Answers how many placements.
   *
   * @param which `mayLive`: whether an exchange that lives in that process may still be there
   */
  endOthers({ identity, paper, mayLive, now }: EndedVenues): number {
    const others = this.#all("is_alive = 1 AND paper = ? AND venue <> ?", paper ? 1 : 0, this.#venue ?? "")
      .filter((other) => (identity === undefined || other.identity === identity) && !mayLive(other.instance));
    if (others.length === 0) return 0;
    return this.#connection.transaction(() => {
      for (const { clientOrderId, isOpen } of others) {
        if (isOpen) this.close(clientOrderId, { base: "0", counter: "0", status: "venue_ended" }, now);
        else this.withdraw(clientOrderId, "ERR_VENUE_ENDED", now);
      }
      return others.length;
    });
  }

  /** Why a placement could not begin now, if it could not; nothing is written or reserved. */
  wouldRefuse(entry: Omit<NewPlacement, "validUntil">, { policy, now, without }: Refusing): Refused | undefined {
    return this.#refusalOf(entry, { policy, now, without }) ?? undefined;
  }

  find(clientOrderId: string): Placement | undefined {
    return this.#one("client_order_id = ?", clientOrderId);
  }

  /** Of several venues that gave the same id the latest placement. */
  findByOrderId(orderId: string): Placement | undefined {
    return this.#one(`order_id = ? AND ${this.#here} ORDER BY created_at DESC`, orderId, this.#venue);
  }

  findByKey(identity: string, idempotencyKey: string): Placement | undefined {
    return this.#one(`identity = ? AND idempotency_key = ? AND ${this.#here}`, identity, idempotencyKey, this.#venue);
  }

  findByPreview(previewId: string): Placement | undefined {
    return this.#one("preview_id = ?", previewId);
  }

  /** Intents, sent ones and those of unknown fate, oldest first. */
  unsettled(): Placement[] {
    return this.#all(`is_alive = 1 AND state IN ('intent', 'sent', 'unknown') AND ${this.#here}`, this.#venue);
  }

  /** Orders that have left, and whose outcome is not known; oldest first. */
  onTheirWay(): Placement[] {
    return this.unsettled().filter(({ state }) => state !== "intent");
  }

  /** Placements that are placed and not known to be final, oldest first; by default of everybody, real and paper. */
  open(identity?: string, paper?: boolean): Placement[] {
    return this.#all(`is_alive = 1 AND state = 'placed' AND ${this.#here}`, this.#venue).filter((placement) =>
      (identity === undefined || placement.identity === identity) && (paper === undefined || placement.paper === paper)
    );
  }

  #repetitionOf(
    { identity, paper, idempotencyKey, digest, asked = null }: Pick<
      NewPlacement,
      "identity" | "paper" | "idempotencyKey" | "digest" | "asked"
    >,
  ): Repeated | undefined {
    const earlier = idempotencyKey === null ? undefined : this.findByKey(identity, idempotencyKey);
    if (earlier === undefined) return undefined;
    // What was decided for the caller may come out differently for the same request.
    const isSame = earlier.asked !== null && asked !== null ? earlier.asked === asked : earlier.digest === digest;
    if (isSame && earlier.paper === paper) return { kind: "repeated", placement: earlier };
    return refuse(
      "ERR_IDEMPOTENCY_MISMATCH",
      `Cannot place the order as its idempotency key was used for another one (${earlier.clientOrderId}): ` +
        "use a new key for a new order",
    );
  }

  #noteRefusal(entry: Omit<NewPlacement, "instance" | "validUntil">, answer: Repeated, now: number): Repeated {
    const { identity, clientOrderId, previewId, digest, policyDigest, paper, idempotencyKey } = entry;
    const reason = answer.kind === "refused"
      ? { code: answer.code }
      : { repeated: answer.placement.clientOrderId, idempotency_key: idempotencyKey };
    const data = { preview_id: previewId, digest, policy: policyDigest, paper, allowed: false, ...reason };
    this.#auditOf(this.#venue).append({ event: "decision", identity, clientOrderId, data }, now);
    return answer;
  }

  #refusalOf(entry: Omit<NewPlacement, "validUntil">, { policy, now, without }: Refusing): Refused | null {
    const { identity, paper, previewId, notional, instance } = entry;
    const halt = this.#parts.killSwitch.state();
    if (halt.halted) {
      return refuse("ERR_TRADING_HALTED", haltSentence("place the order", halt));
    }
    if (!this.#parts.instances.has(instance)) {
      const message =
        "Cannot place the order as another server has taken this one for dead, and over from it: restart it";
      return refuse("ERR_TAKEN_OVER", message);
    }
    if (entry.replaces !== undefined && !this.replacements.isMine(entry.replaces)) {
      const message = `Cannot place the order as another call replaces order ${entry.replaces.orderId} by now: ` +
        "look at the open orders";
      return refuse("ERR_REPLACED_ALREADY", message);
    }
    const used = this.findByPreview(previewId);
    if (used !== undefined) {
      const first = used.identity === identity ? ` (by ${used.clientOrderId})` : "";
      const message = `Cannot place the order as its preview was used already${first}: make a new preview`;
      return refuse("ERR_PREVIEW_USED", message);
    }
    const refusal = checkLimits(policy, { use: this.#use({ identity, paper }, { policy, now }), notional, now });
    return refusal === null ? this.#checkOwnOrders(entry, without) : { kind: "refused", ...refusal };
  }

  /** Own orders of the account that the new one may trade with: those on the book, on their way or of unknown fate. */
  #checkOwnOrders(
    { identity, paper, order, worstPrice = null }: Omit<NewPlacement, "validUntil">,
    without: string | undefined,
  ): Refused | null {
    const others = this.#connection.rows(
      // Whoever trades for real trades on one account; on paper everybody has an own one.
      `SELECT * FROM placements WHERE is_alive = 1 AND paper = ?1 AND (paper = 0 OR identity = ?2) AND venue = ?6
         AND json_extract(order_json, '$.pair') = ?3 AND json_extract(order_json, '$.side') <> ?4
         AND client_order_id <> ?5 ORDER BY created_at`,
      ...[paper ? 1 : 0, identity, order.pair, order.side, without ?? "", this.#venue ?? ""],
    ).map(readPlacement);
    const own = { order, worstPrice, isPlaced: false };
    const rivals = others.filter((other) => mayTradeTogether(own, { ...other, isPlaced: other.state === "placed" }));
    const [first] = rivals;
    if (first === undefined) return null;
    const more = rivals.length === 1 ? "" : ` and ${rivals.length - 1} more`;
    const name = first.orderId === null ? `${first.clientOrderId}, which is on its way` : first.orderId;
    const message = `Cannot place the order as it may trade with own order ${name}${more}: ` +
      "cancel that first, wait until it is final, or choose another price";
    return refuse("ERR_SELF_CROSSING", message);
  }

  /** Reads only what the policy limits. Rows from the future, after a clock was set back, count as of today and now. */
  #use(who: Trader, { policy, now }: { policy: Policy; now: number }): Use {
    const { maxPerDay, maxOpenOrders, maxOrdersPerMinute, coolOff } = policy;
    const venue = this.#venue ?? "";
    const of = [who.identity, who.paper ? 1 : 0, venue];
    const open = maxOpenOrders === undefined ? undefined : this.#connection.row(
      "SELECT count(*) AS count FROM placements WHERE identity = ? AND paper = ? AND venue = ? AND is_alive = 1",
      ...of,
    );
    const begun = maxOrdersPerMinute === undefined ? [] : this.#connection.rows(
      `SELECT created_at FROM placements WHERE identity = ? AND paper = ? AND venue = ? AND created_at > ?
       ORDER BY created_at DESC LIMIT ?`,
      ...[...of, startOfMinute(now), maxOrdersPerMinute],
    );
    const refusals = coolOff === undefined ? [] : this.#connection.rows(
      `SELECT settled_at FROM placements WHERE identity = ? AND paper = ? AND venue = ? AND settled_at > ?
         AND state = 'not_placed' AND sent_at IS NOT NULL ORDER BY settled_at DESC LIMIT ?`,
      ...[...of, startOfCoolOff(coolOff, now), coolOff.rejects + MAX_LATE_REFUSALS],
    );
    return {
      spentToday: maxPerDay === undefined
        ? []
        : this.#dayUse.since(now, { ...who, venue, currency: maxPerDay.currency }),
      openOrders: open === undefined ? 0 : readNumber(open, "count"),
      begun: begun.map((row) => readNumber(row, "created_at")).reverse(),
      refusals: refusals.map((row) => readNumber(row, "settled_at")).reverse(),
    };
  }

  #insert(entry: NewPlacement, now: number): Placement {
    const { clientOrderId, identity, paper, previewId, idempotencyKey, order, digest, policyDigest, notional } = entry;
    this.#connection.run(
      `INSERT INTO placements (client_order_id, identity, paper, preview_id, idempotency_key, order_json, digest,
         policy_digest, state, is_alive, notional_currency, notional_amount, created_at, sent_at, valid_until, instance,
         worst_price, venue, asked)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'sent', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[clientOrderId, identity, paper ? 1 : 0, previewId, idempotencyKey, JSON.stringify(order), digest],
      ...[policyDigest, notional?.currency ?? null, notional?.amount ?? null, now, now, entry.validUntil],
      ...[entry.instance, entry.worstPrice ?? null, this.#venue ?? "", entry.asked ?? null],
    );
    this.#dayUse.reserve({ identity, paper, venue: this.#venue ?? "", notional, createdAt: now });
    return this.#get(clientOrderId);
  }

  #get(clientOrderId: string): Placement {
    const placement = this.find(clientOrderId);
    if (placement === undefined) throw new RangeError(`Cannot find a placement: current value is ${clientOrderId}`);
    return placement;
  }

  /** The condition of rows of this journal's venue; its value comes last. */
  get #here(): string {
    return "venue = coalesce(?, venue)";
  }

  #auditOf(venue: string | null): Audit {
    return this.#parts.audit.at(venue ?? "");
  }

  #one(condition: string, ...values: (string | null)[]): Placement | undefined {
    const row = this.#connection.row(`SELECT * FROM placements WHERE ${condition} LIMIT 1`, ...values);
    return row === undefined ? undefined : readPlacement(row);
  }

  #all(condition: string, ...values: (string | number | null)[]): Placement[] {
    return this.#connection.rows(`SELECT * FROM placements WHERE ${condition} ORDER BY created_at, rowid`, ...values)
      .map(readPlacement);
  }

  #note(
    placement: Pick<Placement, "clientOrderId" | "identity"> & Partial<Pick<Placement, "orderId" | "venue">>,
    { event, now, data }: { event: AuditEventName; now: number; data: Record<string, unknown> },
  ): void {
    const { clientOrderId, identity, orderId = null, venue = this.#venue } = placement;
    this.#auditOf(venue).append({ event, identity, clientOrderId, orderId, data }, now);
  }
}

function refuse(code: Refused["code"], message: string): Refused {
  return { kind: "refused", code, message };
}
