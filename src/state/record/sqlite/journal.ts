/** The journal in SQLite: reads, applies the domain's rules, and writes, all in one transaction. */

import type { ErrorCode } from "../../../errors/error_table.ts";
import { checkBegin } from "../../../trading/policy/begin_checks.ts";
import type { BeginFacts, Refused } from "../../../trading/policy/begin_checks.ts";
import type { Policy } from "../../../trading/policy/policy.ts";
import {
  assertDigest,
  begunEvents,
  begunPlacement,
  closedEvent,
  refusedEvent,
  repetitionOf,
  settled,
  settledEvent,
  VENUE_ENDED,
} from "../../../trading/record/journal_rules.ts";
import type { LimitsUsed } from "../../../trading/record/limit_use.ts";
import type {
  Begun,
  EndedVenues,
  FinalFacts,
  NewPlacement,
  Placement,
  Refusing,
  Repeated,
  Settlement,
} from "../../../trading/record/recorded_placement.ts";
import type { AuditRows } from "./audit_rows.ts";
import type { RecordConnection } from "./connection.ts";
import type { SqliteHalts } from "./halts.ts";
import type { SqliteInstances } from "./instances.ts";
import { JournalReads } from "./journal_reads.ts";
import { LimitUse } from "./limit_use.ts";
import type { SqlitePreviews } from "./previews.ts";
import type { SqlitePublishedFiles } from "./published_files.ts";
import type { SqliteReplacementClaims } from "./replacement_claims.ts";

/** Parts of a {@linkcode SqliteJournal}. */
export interface JournalParts {
  readonly audit: AuditRows;
  readonly halts: Pick<SqliteHalts, "state" | "noteFile">;
  readonly instances: Pick<SqliteInstances, "has" | "isAlive">;
  readonly previews: Pick<SqlitePreviews, "state" | "markUsed">;
  readonly replacements: SqliteReplacementClaims;
  readonly published: Pick<SqlitePublishedFiles, "current">;
}

/** See {@linkcode Journal}. */
export class SqliteJournal extends JournalReads {
  readonly #connection: RecordConnection;
  readonly #parts: JournalParts;
  readonly #limitUse: LimitUse;

  constructor(connection: RecordConnection, parts: JournalParts) {
    super(connection);
    this.#connection = connection;
    this.#parts = parts;
    this.#limitUse = new LimitUse(connection);
  }

  begin(entry: NewPlacement, policy: Policy, now: number): Begun {
    assertDigest(entry);
    const { audit, halts, previews, replacements } = this.#parts;
    return this.#connection.transaction(() => {
      // In the audit, no order may follow a halt by file once any process has noticed it.
      halts.noteFile(now);
      const answer = this.#repetitionOf(entry) ?? this.#refusalOf(entry, { policy, now });
      if (answer !== undefined) return this.#noteRefusal(entry, answer, now);
      const placement = begunPlacement(entry, now);
      this.#insert(placement);
      this.#limitUse.change(placement, 1);
      if (entry.replaces !== undefined) replacements.placed(entry.replaces, entry.clientOrderId);
      if (entry.takesPreview) previews.markUsed(entry.previewId, now);
      audit.append(begunEvents(entry), now);
      return { kind: "begun", placement };
    });
  }

  repeat(entry: Omit<NewPlacement, "instance" | "validUntil">, now: number): Repeated | undefined {
    if (this.#findEarlier(entry) === undefined) return undefined;
    return this.#connection.transaction(() => {
      const answer = this.#repetitionOf(entry);
      return answer && this.#noteRefusal(entry, answer, now);
    });
  }

  wouldRefuse(entry: Omit<NewPlacement, "validUntil">, refusing: Refusing): Refused | undefined {
    return this.#connection.snapshot(() => this.#refusalOf(entry, refusing));
  }

  withdraw(clientOrderId: string, reason: ErrorCode, now: number): Placement | undefined {
    return this.#connection.transaction(() => {
      if (this.find(clientOrderId) === undefined) return undefined;
      this.#connection.run("UPDATE placements SET sent_at = NULL WHERE client_order_id = ?", clientOrderId);
      return this.settle(clientOrderId, { state: "not_placed", reason }, now);
    });
  }

  forgetIntent(clientOrderId: string, now: number): void {
    this.#connection.transaction(() => {
      if (this.#get(clientOrderId).state !== "intent") return;
      this.settle(clientOrderId, { state: "not_placed", reason: "ERR_NEVER_SENT" }, now);
    });
  }

  settle(clientOrderId: string, outcome: Settlement, now: number): Placement {
    return this.#connection.transaction(() => {
      const before = this.#get(clientOrderId);
      const change = settled(before, outcome, now);
      if (change === undefined) return before;
      const { after, isAlive, counts } = change;
      this.#connection.run(
        `UPDATE placements SET state = ?, order_id = ?, reason = ?, settled_at = ?, is_alive = ?
         WHERE client_order_id = ?`,
        ...[after.state, after.orderId, after.reason, after.settledAt, isAlive ? 1 : 0, clientOrderId],
      );
      if (counts !== 0) this.#limitUse.change(before, counts);
      this.#parts.audit.append([settledEvent(after)], now);
      return after;
    });
  }

  close(clientOrderId: string, facts: FinalFacts, now: number): void {
    this.#connection.transaction(() => {
      const placement = this.#get(clientOrderId);
      if (!placement.isOpen) return;
      this.#connection.run("UPDATE placements SET is_alive = 0 WHERE client_order_id = ?", clientOrderId);
      this.#parts.audit.append([closedEvent(placement, facts)], now);
    });
  }

  endOthers({ now, ...which }: EndedVenues): number {
    if (this.#endedElsewhere(which).length === 0) return 0;
    return this.#connection.transaction(() => {
      const others = this.#endedElsewhere(which);
      for (const { clientOrderId, isOpen } of others) {
        if (isOpen) this.close(clientOrderId, VENUE_ENDED, now);
        else this.withdraw(clientOrderId, "ERR_VENUE_ENDED", now);
      }
      return others.length;
    });
  }

  limitsUsed(now: number): LimitsUsed[] {
    return this.#connection.snapshot(() => this.#limitUse.all(now));
  }

  #endedElsewhere({ account, venue, identity, lastWithProcess }: Omit<EndedVenues, "now">): Placement[] {
    const { instances } = this.#parts;
    const mayLast = (instance: string | null) => lastWithProcess && instance !== null && instances.isAlive(instance);
    return this.othersAlive({ account, venue }).filter((other) =>
      (identity === undefined || other.identity === identity) && !mayLast(other.instance)
    );
  }

  #findEarlier(
    entry: Pick<NewPlacement, "identity" | "idempotencyKey" | "account" | "venue">,
  ): Placement | undefined {
    const { identity, idempotencyKey } = entry;
    return idempotencyKey === null ? undefined : this.findByKey(identity, idempotencyKey, entry);
  }

  #repetitionOf(entry: Omit<NewPlacement, "instance" | "validUntil">): Repeated | undefined {
    return repetitionOf(entry, this.#findEarlier(entry));
  }

  #refusalOf(entry: Omit<NewPlacement, "validUntil">, { policy, now, without }: Refusing): Refused | undefined {
    const { halts, instances, previews, published, replacements } = this.#parts;
    const facts: BeginFacts = {
      halt: halts.state(),
      policyVersion: published.current("policy")?.version,
      isInstanceListed: instances.has(entry.instance),
      isClaimHeld: entry.replaces !== undefined && replacements.isMine(entry.replaces),
      usedPreview: this.findByPreview(entry.previewId),
      shownPreview: entry.takesPreview ? previews.state(entry.previewId, entry.identity) : undefined,
      use: this.#limitUse.of(entry, { limits: policy, now }),
      opposite: this.opposite(entry, without),
    };
    return checkBegin(entry, { facts, policy, now }) ?? undefined;
  }

  #noteRefusal(entry: Omit<NewPlacement, "instance" | "validUntil">, answer: Repeated, now: number): Repeated {
    this.#parts.audit.append([refusedEvent(entry, answer)], now);
    return answer;
  }

  #insert(placement: Placement): void {
    const { clientOrderId, identity, account, previewId, idempotencyKey, order, digest, policyDigest } = placement;
    const { state, notional, createdAt, sentAt, validUntil, instance, worstPrice, venue, asked } = placement;
    this.#connection.run(
      `INSERT INTO placements (client_order_id, identity, account, preview_id, idempotency_key, order_json, digest,
         policy_digest, state, is_alive, notional_currency, notional_amount, created_at, sent_at, valid_until, instance,
         worst_price, venue, asked)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[clientOrderId, identity, account, previewId, idempotencyKey, JSON.stringify(order), digest],
      ...[policyDigest, state, notional?.currency ?? null, notional?.amount ?? null, createdAt, sentAt, validUntil],
      ...[instance, worstPrice, venue, asked],
    );
  }

  #get(clientOrderId: string): Placement {
    const placement = this.find(clientOrderId);
    if (placement === undefined) throw new RangeError(`Cannot find a placement: current value is ${clientOrderId}`);
    return placement;
  }
}
