/**
 * The journal on PostgreSQL: reads, applies the domain's rules, and writes, all in one change. Beginning an order takes
 * four statements: the lock, all facts, the writes, and the audit rows.
 */

import type { ErrorCode } from "../../../errors/error_table.ts";
import { checkBegin } from "../../../trading/policy/begin_checks.ts";
import type { Refused } from "../../../trading/policy/begin_checks.ts";
import type { Policy } from "../../../trading/policy/policy.ts";
import type { Journal } from "../../../trading/record/journal.ts";
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
import { StoreError } from "../../../trading/record/store_error.ts";
import { readBeginFacts } from "./begin_facts.ts";
import type { Session } from "./database.ts";
import type { PostgresHalts } from "./halts.ts";
import { aliveAmong } from "./instances.ts";
import { BY_KEY, JournalReads, placementsWhere } from "./journal_reads.ts";
import { countPlacement, readLimitsUsed } from "./limit_use.ts";
import { writeBegun } from "./begun_rows.ts";
import type { Change, RecordConnection } from "./record_connection.ts";

/** Parts of a {@linkcode PostgresJournal}. */
export interface JournalParts {
  readonly halts: PostgresHalts;
  /** @throws {StoreError} when this process may not send now, as its clock deviates */
  readonly checkClock: () => void;
}

/** See {@linkcode Journal}. */
export class PostgresJournal extends JournalReads implements Journal {
  readonly #connection: RecordConnection;
  readonly #parts: JournalParts;

  constructor(connection: RecordConnection, parts: JournalParts) {
    super(connection);
    this.#connection = connection;
    this.#parts = parts;
  }

  async begin(entry: NewPlacement, policy: Policy, now: number): Promise<Begun> {
    assertDigest(entry);
    const { halts, checkClock } = this.#parts;
    return await this.#connection.change(async (change) => {
      checkClock();
      if (!change.isWhole) throw new StoreError("rolled_back");
      const { file, place } = halts;
      const { facts, earlier, daySum, isFileNoted } = await readBeginFacts(change, {
        ...{ entry, limits: policy, now, file, place },
      });
      // In the audit, no order may follow a halt by file once any process has noticed it.
      if (file.halted !== isFileNoted) await halts.note(change, { isThere: file.halted, now });
      const answer = repetitionOf(entry, earlier) ?? checkBegin(entry, { facts, policy, now });
      if (answer !== null) {
        change.append([refusedEvent(entry, answer)], now);
        return answer;
      }
      const placement = begunPlacement(entry, now);
      await writeBegun(change, { placement, entry, daySum });
      change.append(begunEvents(entry), now);
      return { kind: "begun", placement };
    });
  }

  async repeat(entry: Omit<NewPlacement, "instance" | "validUntil">, now: number): Promise<Repeated | undefined> {
    const { identity, idempotencyKey, account, venue } = entry;
    if (idempotencyKey === null) return undefined;
    if (await this.findByKey(identity, idempotencyKey, entry) === undefined) return undefined;
    return await this.#connection.change(async (change) => {
      const [earlier] = await placementsWhere(change, BY_KEY, [identity, idempotencyKey, account, venue]);
      const answer = repetitionOf(entry, earlier);
      if (answer !== undefined) change.append([refusedEvent(entry, answer)], now);
      return answer;
    });
  }

  async wouldRefuse(
    entry: Omit<NewPlacement, "validUntil">,
    { policy, now, without }: Refusing,
  ): Promise<Refused | undefined> {
    const { file, place } = this.#parts.halts;
    return await this.#connection.snapshot(async (session) => {
      const { facts } = await readBeginFacts(session, { entry, limits: policy, now, without, file, place });
      return checkBegin(entry, { facts, policy, now }) ?? undefined;
    });
  }

  withdraw(clientOrderId: string, reason: ErrorCode, now: number): Promise<Placement | undefined> {
    return this.#connection.change((change) => withdraw(change, clientOrderId, reason, now));
  }

  forgetIntent(clientOrderId: string, now: number): Promise<void> {
    return this.#connection.change(async (change) => {
      if ((await get(change, clientOrderId)).state !== "intent") return;
      await settle(change, clientOrderId, { state: "not_placed", reason: "ERR_NEVER_SENT" }, now);
    });
  }

  settle(clientOrderId: string, outcome: Settlement, now: number): Promise<Placement> {
    return this.#connection.change((change) => settle(change, clientOrderId, outcome, now));
  }

  close(clientOrderId: string, facts: FinalFacts, now: number): Promise<void> {
    return this.#connection.change((change) => close(change, clientOrderId, facts, now));
  }

  async endOthers({ now, ...which }: EndedVenues): Promise<number> {
    const ended = (session: Session) => endedElsewhere(session, which);
    if ((await this.#connection.snapshot(ended)).length === 0) return 0;
    return await this.#connection.change(async (change) => {
      const others = await ended(change);
      for (const { clientOrderId, isOpen } of others) {
        if (isOpen) await close(change, clientOrderId, VENUE_ENDED, now);
        else await withdraw(change, clientOrderId, "ERR_VENUE_ENDED", now);
      }
      return others.length;
    });
  }

  limitsUsed(now: number): Promise<readonly LimitsUsed[]> {
    return this.#connection.snapshot((session) => readLimitsUsed(session, now));
  }
}

async function get(session: Session, clientOrderId: string): Promise<Placement> {
  const [placement] = await placementsWhere(session, "client_order_id = $1", [clientOrderId]);
  if (placement === undefined) throw new RangeError(`Cannot find a placement: current value is ${clientOrderId}`);
  return placement;
}

async function settle(change: Change, clientOrderId: string, outcome: Settlement, now: number): Promise<Placement> {
  const before = await get(change, clientOrderId);
  const settlement = settled(before, outcome, now);
  if (settlement === undefined) return before;
  const { after, isAlive, counts } = settlement;
  await change.query(
    `UPDATE placements SET state = $1, order_id = $2, reason = $3, settled_at = $4, is_alive = $5
     WHERE client_order_id = $6`,
    [after.state, after.orderId, after.reason, after.settledAt, isAlive ? 1 : 0, clientOrderId],
  );
  if (counts !== 0) await countPlacement(change, before, counts);
  change.append([settledEvent(after)], now);
  return after;
}

async function withdraw(
  change: Change,
  clientOrderId: string,
  reason: ErrorCode,
  now: number,
): Promise<Placement | undefined> {
  const [found] = await change.query(
    "UPDATE placements SET sent_at = NULL WHERE client_order_id = $1 RETURNING 1",
    [clientOrderId],
  );
  return found && await settle(change, clientOrderId, { state: "not_placed", reason }, now);
}

async function close(change: Change, clientOrderId: string, facts: FinalFacts, now: number): Promise<void> {
  const placement = await get(change, clientOrderId);
  if (!placement.isOpen) return;
  await change.query("UPDATE placements SET is_alive = 0 WHERE client_order_id = $1", [clientOrderId]);
  change.append([closedEvent(placement, facts)], now);
}

/** Live placements on an account's other venues, which no longer exist. */
async function endedElsewhere(
  session: Session,
  { account, venue, identity, lastWithProcess }: Omit<EndedVenues, "now">,
): Promise<Placement[]> {
  const others = await placementsWhere(
    session,
    "is_alive = 1 AND account = $1 AND venue <> $2 AND identity = coalesce($3, identity)",
    [account, venue, identity ?? null],
  );
  if (!lastWithProcess) return others;
  const alive = await aliveAmong(session, others.flatMap(({ instance }) => instance ?? []));
  return others.filter(({ instance }) => instance === null || !alive.has(instance));
}
