/**
 * The journal: every placement on durable storage before its first byte leaves, and what became of it.
 *
 * It decides what depends on other placements (single use, repetition, limits that count) in the transaction that
 * writes the intent. It sends nothing and asks the exchange nothing.
 */

import type { ErrorCode } from "../../errors/error_table.ts";
import { cleanText } from "../../text/clean_text.ts";
import { parseDecimal } from "../../money/decimals.ts";
import { orderDigest } from "../orders/order.ts";
import { checkBegin, refuse } from "../policy/begin_checks.ts";
import type { Refused } from "../policy/begin_checks.ts";
import type { Policy } from "../policy/policy.ts";
import type { Audit } from "./audit.ts";
import type { AuditEventName } from "./audit_row.ts";
import type { Instances } from "./instances.ts";
import type { KillSwitch } from "./kill_switch.ts";
import { JournalReads } from "./journal_reads.ts";
import { LimitUse } from "./limit_use.ts";
import type {
  Begun,
  EndedVenues,
  FinalFacts,
  NewPlacement,
  Placement,
  PlacementState,
  Refusing,
  Repeated,
  Settlement,
} from "./recorded_placement.ts";
import { ReplacementClaims } from "./replacement_claims.ts";
import type { StoreConnection } from "./store_connection.ts";

/** States that a later answer may replace only by one further right: what is known is never unlearnt. */
const KNOWLEDGE: readonly PlacementState[] = ["intent", "sent", "unknown", "not_placed", "placed"];

/** What a {@linkcode Journal} stands on. */
export interface JournalParts {
  readonly audit: Audit;
  readonly killSwitch: KillSwitch;
  readonly instances: Pick<Instances, "has" | "isAlive">;
}

/** All placements of one state folder, or those of one venue in it. */
export class Journal extends JournalReads {
  readonly #connection: StoreConnection;
  readonly #parts: JournalParts;
  readonly #venue: string | null;
  readonly #limitUse: LimitUse;
  /** Orders that are being replaced or were. */
  readonly replacements: ReplacementClaims;

  constructor(connection: StoreConnection, parts: JournalParts, venue: string | null = null) {
    super(connection, venue);
    this.#connection = connection;
    this.#parts = parts;
    this.#venue = venue;
    this.#limitUse = new LimitUse(connection);
    this.replacements = new ReplacementClaims(connection, {
      instances: parts.instances,
      placements: this,
      venue: venue ?? "",
    });
  }

  /**
   * The placements of one exchange: keys, order ids and limits of others mean nothing there. `""` is an exchange that
   * never restarts; what is written through a journal of all venues is its.
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
      if (outcome.state === "not_placed") this.#limitUse.release(before);
      else if (before.state === "not_placed") this.#limitUse.reserve(before);
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

  /** Ends what is alive on other venues that are gone for good: none of it exists any more. Answers how many placements. */
  endOthers({ now, ...which }: EndedVenues): number {
    if (this.#endedElsewhere(which).length === 0) return 0;
    return this.#connection.transaction(() => {
      const others = this.#endedElsewhere(which);
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

  #endedElsewhere({ identity, paper, lastWithProcess }: Omit<EndedVenues, "now">): Placement[] {
    const { instances } = this.#parts;
    const mayLast = (instance: string | null) => lastWithProcess && instance !== null && instances.isAlive(instance);
    return this.othersAlive(paper).filter((other) =>
      (identity === undefined || other.identity === identity) && !mayLast(other.instance)
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
    const { identity, paper, previewId, instance, replaces, worstPrice = null } = entry;
    const { killSwitch, instances } = this.#parts;
    const record = {
      halt: () => killSwitch.state(),
      isInstanceListed: () => instances.has(instance),
      isClaimHeld: () => replaces !== undefined && this.replacements.isMine(replaces),
      usedPreview: () => this.findByPreview(previewId),
      use: () => this.#limitUse.of({ identity, paper, venue: this.#venue ?? "" }, { policy, now }),
      opposite: () => this.opposite(entry, without),
    };
    return checkBegin({ ...entry, worstPrice }, { record, policy, now });
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
    this.#limitUse.reserve({ identity, paper, venue: this.#venue ?? "", notional, createdAt: now });
    return this.#get(clientOrderId);
  }

  #get(clientOrderId: string): Placement {
    const placement = this.find(clientOrderId);
    if (placement === undefined) throw new RangeError(`Cannot find a placement: current value is ${clientOrderId}`);
    return placement;
  }

  #auditOf(venue: string | null): Audit {
    return this.#parts.audit.at(venue ?? "");
  }

  #note(
    placement: Pick<Placement, "clientOrderId" | "identity"> & Partial<Pick<Placement, "orderId" | "venue">>,
    { event, now, data }: { event: AuditEventName; now: number; data: Record<string, unknown> },
  ): void {
    const { clientOrderId, identity, orderId = null, venue = this.#venue } = placement;
    this.#auditOf(venue).append({ event, identity, clientOrderId, orderId, data }, now);
  }
}
