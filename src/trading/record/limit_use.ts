/**
 * The data that a policy's limits are checked against: daily sums (stored, so that a daily limit needs no counting),
 * open orders, orders of a minute, refusals.
 */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { Worth } from "../orders/notional.ts";
import type { Trader } from "../orders/trader.ts";
import { startOfCoolOff, startOfMinute, startOfUtcDay } from "../policy/limits.ts";
import type { CountingLimits } from "../policy/limits.ts";
import type { Placement } from "./recorded_placement.ts";

/** Refusals of orders in flight that may still arrive after a cool-off has begun. */
const MAX_LATE_REFUSALS = 500;

/**
 * What to read for the limits of a policy, of one identity on one venue of an account; absent fields are not limited.
 * Rows from the future, after a clock was set back, count as of today and now.
 */
export interface UseQuery {
  /** The sums of this day and later ones, in this currency. */
  readonly day?: { readonly currency: string; readonly from: number };
  /** Whether to count live placements. */
  readonly open: boolean;
  /** When the placement began that has this many newer ones after it, if it began after a time. */
  readonly begun?: { readonly after: number; readonly newer: number };
  /** When placements that had been sent were settled as not placed, after a time: the newest so many. */
  readonly refusals?: { readonly after: number; readonly newest: number };
}

/** What to read for these limits. */
export function useQueryOf(limits: CountingLimits, now: number): UseQuery {
  const { maxPerDay, maxOpenOrders, maxOrdersPerMinute, coolOff } = limits;
  return {
    ...(maxPerDay === undefined ? {} : { day: { currency: maxPerDay.currency, from: startOfUtcDay(now) } }),
    open: maxOpenOrders !== undefined,
    // A single statement reads one row of the index, however high the limit is.
    ...(maxOrdersPerMinute === undefined || maxOrdersPerMinute === 0
      ? {}
      : { begun: { after: startOfMinute(now), newer: maxOrdersPerMinute - 1 } }),
    ...(coolOff === undefined ? {} : {
      refusals: { after: startOfCoolOff(coolOff, now), newest: coolOff.rejects + MAX_LATE_REFUSALS },
    }),
  };
}

/** One sum that a placement changes. */
export interface DaySum {
  /** Its identity, place and day. */
  readonly key: Pick<Placement, "identity" | "account" | "venue"> & { readonly currency: string; readonly day: number };
  /** The sum with or without the placement. */
  after(before: string | undefined): string;
}

/** The sum that a placement counts in; `sign`: whether it is added or, as it does not exist, removed. */
export function daySumOf(
  { identity, account, venue, notional, createdAt }: Pick<
    Placement,
    "identity" | "account" | "venue" | "notional" | "createdAt"
  >,
  sign: 1 | -1,
): DaySum | undefined {
  if (notional === null) return undefined;
  return {
    key: { identity, account, venue, currency: notional.currency, day: startOfUtcDay(createdAt) },
    after: (before = "0") =>
      formatDecimal(new Big(parseDecimal(before)).plus(parseDecimal(notional.amount).times(sign))),
  };
}

/** The use of one identity on one account. */
export interface LimitsUsed extends Trader {
  /** Value of all orders of this UTC day, by the currency of the limit. */
  readonly today: readonly Worth[];
  /** Orders that are open, being sent, or of unknown outcome. */
  readonly openOrders: number;
  /** Orders that began within the last minute. */
  readonly ordersLastMinute: number;
}

/** The most rows of each kind that are read for {@linkcode limitsUsed}; operators see the first by name. */
export const MAX_USE_ROWS = 1_000;

/** The use of all identities, by name; sums of one currency may be separate per exchange and day. */
export function limitsUsed(
  { sums, open, begun }: {
    readonly sums: readonly (Trader & Worth)[];
    readonly open: readonly (Trader & { readonly count: number })[];
    readonly begun: readonly (Trader & { readonly count: number })[];
  },
): LimitsUsed[] {
  const used = new Map<string, LimitsUsed>();
  const change = ({ identity, account }: Trader, changes: (before: LimitsUsed) => Partial<LimitsUsed>): void => {
    const key = JSON.stringify([identity, account]);
    const before = used.get(key) ?? { identity, account, today: [], openOrders: 0, ordersLastMinute: 0 };
    used.set(key, { ...before, ...changes(before) });
  };
  for (const sum of sums) change(sum, ({ today }) => ({ today: add(today, sum) }));
  for (const each of open) change(each, () => ({ openOrders: each.count }));
  for (const each of begun) change(each, () => ({ ordersLastMinute: each.count }));
  return [...used.values()].toSorted((one, other) => one.identity < other.identity ? -1 : 1);
}

function add(sums: readonly Worth[], { currency, amount }: Worth): Worth[] {
  const before = sums.find((sum) => sum.currency === currency)?.amount ?? "0";
  const after = formatDecimal(new Big(parseDecimal(before)).plus(parseDecimal(amount)));
  const others = sums.filter((sum) => sum.currency !== currency);
  return after === "0" ? others : [...others, { currency, amount: after }];
}
