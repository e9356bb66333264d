/** How trading stands in one state folder: `status`, `/status` and the banner of a server say the same. */

import type { KillSwitchState } from "../trading/record/kill_switch.ts";
import type { LimitsUsed } from "../trading/record/limits_used.ts";
import type { Policy } from "../trading/policy/policy.ts";
import type { CurrentPolicies } from "../trading/policy/policies.ts";
import { StoreError } from "../trading/record/store_connection.ts";
import type { TradingStore } from "../trading/record/store.ts";
import { timeOf } from "./folder_use.ts";
import { haltRecord } from "./halt_words.ts";
import type { HaltRemains } from "./halt_words.ts";

/** What the record tells. */
export interface TradingFacts extends HaltRemains {
  readonly halt: KillSwitchState;
  /** Orders that wait for a person. */
  readonly waiting: number;
  readonly limits: readonly LimitsUsed[];
}

/** What an identity may do; `undefined` where no policy is known. */
export type PolicyOf = (identity: string) => Policy | undefined;

/** Reads it. @throws {StoreError} */
export function readTradingFacts(store: TradingStore, now: number): TradingFacts {
  return {
    halt: store.killSwitch.state(),
    onTheirWay: store.journal.onTheirWay(),
    wishes: store.cancelWishes.all(),
    waiting: store.approvals.pending(now).length,
    limits: store.limitsUsed(now),
  };
}

/** Trading of a server, as it stands whenever somebody looks. */
export class TradingView {
  readonly #store: TradingStore;
  readonly #policies: CurrentPolicies;
  readonly #now: () => number;

  constructor({ store, policies, now }: { store: TradingStore; policies: CurrentPolicies; now: () => number }) {
    this.#store = store;
    this.#policies = policies;
    this.#now = now;
  }

  /** What an identity may do now. */
  readonly policyOf = (identity: string): Policy => this.#policies.of(identity);

  /** What the record tells now; `undefined` where it cannot be read. */
  facts(): TradingFacts | undefined {
    try {
      return readTradingFacts(this.#store, this.#now());
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return undefined;
    }
  }
}

/** For programs. */
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

function limitRecord({ identity, paper, today, openOrders, ordersLastMinute }: LimitsUsed, policy: Policy | undefined) {
  const { maxPerDay, maxOpenOrders, maxOrdersPerMinute } = policy ?? {};
  return {
    identity,
    paper,
    today,
    max_per_day: maxPerDay ?? null,
    open_orders: openOrders,
    max_open_orders: maxOpenOrders ?? null,
    orders_last_minute: ordersLastMinute,
    max_orders_per_minute: maxOrdersPerMinute ?? null,
  };
}

/** One line: whether trading is halted; `undefined` is a record that cannot be read. */
export function haltLine(facts: Pick<TradingFacts, "halt" | "wishes"> | undefined): string {
  if (facts === undefined) return "not known, as the trading database cannot be read";
  const { halt, wishes } = facts;
  if (!halt.halted) return "none";
  const left = wishes.filter(({ doneAt }) => doneAt === null).length;
  return `trading is HALTED since ${timeOf(halt.at)} by ${halt.by}: ${halt.reason}${
    left === 0 ? "" : "; open orders are still being cancelled"
  }`;
}

/** One line: what an identity has used, with the limits that are known. */
export function limitLine(
  { identity, paper, today, openOrders, ordersLastMinute }: LimitsUsed,
  policy?: Policy,
): string {
  const { maxPerDay, maxOpenOrders, maxOrdersPerMinute } = policy ?? {};
  const sums = today.map(({ currency, amount }) =>
    `${amount}${maxPerDay?.currency === currency ? ` of ${maxPerDay.amount}` : ""} ${currency}`
  );
  const facts = [
    `today ${sums.length === 0 ? "nothing" : sums.join(" + ")}`,
    `${openOrders}${maxOpenOrders === undefined ? "" : ` of ${maxOpenOrders}`} open`,
    `${ordersLastMinute}${maxOrdersPerMinute === undefined ? "" : ` of ${maxOrdersPerMinute}`} in the last minute`,
  ];
  return `${identity}${paper ? " (paper)" : ""}: ${facts.join(", ")}`;
}
