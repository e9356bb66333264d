/** The state of trading in one state folder, for `status`, `/status` and a server's start. */

import { isPaper, kindOf } from "../trading/orders/trading_account.ts";
import type { CancelRequest } from "../trading/record/cancel_requests.ts";
import { allPlacements } from "../trading/record/placement_pages.ts";
import type { Placement } from "../trading/record/recorded_placement.ts";
import type { HaltState } from "../trading/record/halts.ts";
import type { LimitsUsed } from "../trading/record/limit_use.ts";
import type { Policy } from "../trading/policy/policy.ts";
import type { CurrentPolicies } from "../trading/policy/policies.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import { timeOf } from "./instances/folder_use.ts";

/** What a halt left behind. */
export interface HaltRemains {
  /** Orders that were sent before, and whose outcome is unknown. */
  readonly onTheirWay: readonly Placement[];
  readonly requests: readonly CancelRequest[];
}

/** The record's facts. */
export interface TradingFacts extends HaltRemains {
  readonly halt: HaltState;
  /** Orders that wait for a person. */
  readonly waiting: number;
  readonly limits: readonly LimitsUsed[];
}

/** The policy of an identity; `undefined` when no policy is known. */
export type PolicyOf = (identity: string) => Policy | undefined;

/** The part of a record that is read. */
export interface FactsRecord {
  /** The record's halts, or a process's view that includes unrecorded ones. */
  readonly halts: Pick<TradingRecord["halts"], "state">;
  readonly journal: Pick<TradingRecord["journal"], "onTheirWay" | "limitsUsed">;
  readonly cancelRequests: Pick<TradingRecord["cancelRequests"], "all">;
  readonly approvals: Pick<TradingRecord["approvals"], "pending">;
}

/**
 * Reads the facts.
 *
 * @throws {StoreError}
 */
export async function readTradingFacts(
  { halts, journal, cancelRequests, approvals }: FactsRecord,
  now: number,
): Promise<TradingFacts> {
  const [halt, onTheirWay, requests, waiting, limits] = await Promise.all([
    halts.state(),
    allPlacements((after) => journal.onTheirWay(after)),
    cancelRequests.all(),
    approvals.pending(now),
    journal.limitsUsed(now),
  ]);
  return { halt, onTheirWay, requests, waiting: waiting.length, limits };
}

/** The state of trading of a server, read on each call. */
export class TradingView {
  readonly #record: FactsRecord;
  readonly #policies: CurrentPolicies;
  readonly #now: () => number;

  constructor({ record, policies, now }: { record: FactsRecord; policies: CurrentPolicies; now: () => number }) {
    this.#record = record;
    this.#policies = policies;
    this.#now = now;
  }

  /** The present policy of an identity. */
  readonly policyOf = (identity: string): Policy => this.#policies.of(identity);

  /** The record's present facts; `undefined` when it cannot be read. */
  async facts(): Promise<TradingFacts | undefined> {
    try {
      return await readTradingFacts(this.#record, this.#now());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return undefined;
    }
  }
}

/** As JSON. */
export function tradingRecord(
  { halt, waiting, limits, ...remains }: TradingFacts,
  policyOf: PolicyOf,
): Readonly<Record<string, unknown>> {
  return {
    halt: halt.halted ? { ...halt, at: timeOf(halt.at) } : halt,
    ...haltRecord(remains),
    waiting_approvals: waiting,
    limits_used: limits.map((used) => limitRecord(used, policyOf(used.identity))),
  };
}

function limitRecord(
  { identity, account, today, openOrders, ordersLastMinute }: LimitsUsed,
  policy: Policy | undefined,
) {
  const { maxPerDay, maxOpenOrders, maxOrdersPerMinute } = policy ?? {};
  return {
    identity,
    account,
    paper: isPaper(account),
    today,
    max_per_day: maxPerDay ?? null,
    open_orders: openOrders,
    max_open_orders: maxOpenOrders ?? null,
    orders_last_minute: ordersLastMinute,
    max_orders_per_minute: maxOrdersPerMinute ?? null,
  };
}

/** What a halt left behind, as JSON. */
export function haltRecord({ onTheirWay, requests }: HaltRemains): Readonly<Record<string, unknown>> {
  return {
    on_their_way: onTheirWay.map(({ clientOrderId, order: { side, pair }, validUntil }) => ({
      client_order_id: clientOrderId,
      ...{ side, pair },
      ...(validUntil === null ? {} : { valid_until: timeOf(validUntil) }),
    })),
    cancel_open: requests.some(({ doneAt }) => doneAt === null),
    cancelling: requests.map(({ account, requestedAt, rounds, triedAt, remaining, unlisted, doneAt }) => ({
      orders: kindOf(account),
      account,
      asked_at: timeOf(requestedAt),
      rounds,
      tried_at: timeOf(triedAt),
      remaining,
      list_error: unlisted,
      done_at: timeOf(doneAt),
    })),
  };
}
