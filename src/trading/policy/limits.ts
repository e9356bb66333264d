/**
 * The quantitative limits: spending per day, orders per minute, open orders, refusals within a period. Pure; the
 * journal checks them within the transaction that records the order, so that two callers cannot pass together.
 */

import Big from "big.js";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { Policy } from "./policy.ts";
import type { Worth } from "../orders/notional.ts";

/** The used part of a caller's limits, separately for real and paper. Times are wall clock milliseconds. */
export interface Use {
  /** The value of this UTC day's placements, in the currency of the limit, without those known not to exist. */
  readonly spentToday: readonly string[];
  /** Orders that are open, in flight, or of unknown outcome. */
  readonly openOrders: number;
  /** When the order began that must be a minute old before another may begin; absent when there is room now. */
  readonly minuteFullSince?: number | undefined;
  /** When recently sent orders turned out not to be placed, oldest first. */
  readonly refusals: readonly number[];
}

/** A refusal by a limit; the message says what to do. */
export interface LimitRefusal {
  readonly code: ToolErrorCode;
  readonly message: string;
  readonly retryAfterMs?: number;
}

/** The quantitative limits of a policy. */
export type CountingLimits = Pick<Policy, "coolOff" | "maxOrdersPerMinute" | "maxOpenOrders" | "maxPerDay">;

/** What is checked against the limits of a policy. */
export interface Candidate {
  readonly use: Use;
  /** The value of the new order; `null` when it cannot be valued. */
  readonly notional: Worth | null;
  /** Wall milliseconds. */
  readonly now: number;
}

const MINUTE_MS = 60_000;
/** A day, in milliseconds. */
export const DAY_MS = 86_400_000;

/** The start of the UTC day of a time. */
export function startOfUtcDay(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS;
}

/** Orders after this time count as of the last minute. */
export function startOfMinute(now: number): number {
  return now - MINUTE_MS;
}

/** Refusals since this time count for a cool-off. */
export function startOfCoolOff({ withinSeconds, pauseSeconds }: NonNullable<Policy["coolOff"]>, now: number): number {
  return now - (withinSeconds + pauseSeconds) * 1_000;
}

/** The first limit that the order would exceed, or `null`. */
export function checkLimits(limits: CountingLimits, candidate: Candidate): LimitRefusal | null {
  return checkCoolOff(limits, candidate) ?? checkRate(limits, candidate) ?? checkOpenOrders(limits, candidate) ??
    checkPerDay(limits, candidate);
}

function checkCoolOff({ coolOff }: CountingLimits, { use, now }: Candidate): LimitRefusal | null {
  if (coolOff === undefined) return null;
  const { rejects, withinSeconds, pauseSeconds } = coolOff;
  const last = use.refusals.findLast((at, index) => {
    const first = use.refusals[index - rejects + 1];
    return first !== undefined && at - first <= withinSeconds * 1_000;
  });
  if (last === undefined) return null;
  const retryAfterMs = Math.min(last + pauseSeconds * 1_000 - now, pauseSeconds * 1_000);
  if (retryAfterMs <= 0) return null;
  return {
    code: "ERR_COOLING_OFF",
    message: `Cannot place the order as ${rejects} orders were sent in vain within ${withinSeconds} s: ` +
      `find out why, then wait ${seconds(retryAfterMs)}`,
    retryAfterMs,
  };
}

function checkRate({ maxOrdersPerMinute }: CountingLimits, { use, now }: Candidate): LimitRefusal | null {
  const { minuteFullSince = maxOrdersPerMinute === 0 ? now : undefined } = use;
  if (maxOrdersPerMinute === undefined || minuteFullSince === undefined) return null;
  const retryAfterMs = Math.min(minuteFullSince + MINUTE_MS - now, MINUTE_MS);
  if (retryAfterMs <= 0) return null;
  return {
    code: "ERR_LIMIT_RATE",
    message: `Cannot place the order as the policy allows ${maxOrdersPerMinute} orders per minute, ` +
      `which are used up: wait ${seconds(retryAfterMs)}`,
    retryAfterMs,
  };
}

function checkOpenOrders({ maxOpenOrders }: CountingLimits, { use }: Candidate): LimitRefusal | null {
  if (maxOpenOrders === undefined || use.openOrders < maxOpenOrders) return null;
  return {
    code: "ERR_LIMIT_OPEN_ORDERS",
    message: `Cannot place the order as the policy allows ${maxOpenOrders} open orders: ` +
      `current value is ${use.openOrders}: cancel one, or wait until one is filled`,
  };
}

function checkPerDay({ maxPerDay }: CountingLimits, { use, notional, now }: Candidate): LimitRefusal | null {
  if (maxPerDay === undefined) return null;
  const { currency, amount: most } = maxPerDay;
  const tomorrow = startOfUtcDay(now) + DAY_MS;
  if (notional?.currency !== currency) {
    return {
      code: "ERR_LIMIT_PER_DAY",
      message: `Cannot place the order as the policy limits what is traded in a day in ${currency} ` +
        `and the order's value in it is not known: preview it again, or trade a pair that can be valued in ${currency}`,
    };
  }
  const spent = use.spentToday.reduce((sum, amount) => sum.plus(parseDecimal(amount)), new Big(0));
  if (spent.plus(parseDecimal(notional.amount)).lte(parseDecimal(most))) return null;
  return {
    code: "ERR_LIMIT_PER_DAY",
    message: `Cannot place the order as the policy allows ${most} ${currency} in a UTC day, ` +
      `${formatDecimal(spent)} are used and this order takes ${notional.amount}: ` +
      `trade less, or wait until ${new Date(tomorrow).toISOString()}`,
    retryAfterMs: tomorrow - now,
  };
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
