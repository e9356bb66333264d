/**
 * What an identity may trade, and whether one order is within it. Pure: market data is passed in. Quantitative limits
 * (per day, per minute, open orders, cool-off) are left to the journal, which reserves and counts in one transaction.
 */

import { createHash } from "node:crypto";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import Big from "big.js";
import { formatDecimal, formatPercent, parseDecimal } from "../../money/decimals.ts";
import { namesPair } from "../../money/pair_names.ts";
import type { MarketWarning, MarketWarningCode } from "../orders/market_warnings.ts";
import type { Worth } from "../orders/notional.ts";
import type { Side } from "../../exchange/order_schemas.ts";
import type { Order, OrderType } from "../orders/order.ts";

/** How orders of an identity are handled: refused, on paper, after a person's confirmation, or sent at once. */
export type Mode = "observe" | "paper" | "confirm" | "auto";

/**
 * How a person may confirm an order: in the client's own dialog, on the server's page, or with `approve` in a terminal.
 * A dialog is answered by the client in the caller's name; the other two need a person with access to the server's
 * machine.
 */
export type ConfirmWay = "dialog" | "page" | "terminal";

/** Every {@linkcode ConfirmWay}. */
export const CONFIRM_WAYS: readonly ConfirmWay[] = ["dialog", "page", "terminal"];

/** The permissions of one identity; absent rules do not limit. */
export interface PolicyRules {
  readonly mode: Mode;
  /** The accepted ways of confirming; present only in mode `confirm`, empty when none is left. */
  readonly confirmBy?: readonly ConfirmWay[];
  /** Luno's codes. */
  readonly pairs?: readonly string[];
  readonly sides?: readonly Side[];
  readonly orderTypes?: readonly OrderType[];
  readonly maxPerOrder?: Worth;
  /** The value of all orders of one UTC day together. */
  readonly maxPerDay?: Worth;
  readonly maxOpenOrders?: number;
  readonly maxOrdersPerMinute?: number;
  /** Largest distance of a limit price or an average price from the mid price. */
  readonly priceBandPercent?: string;
  /** Warnings about a market that do not prevent orders. */
  readonly allowWarnings?: readonly MarketWarningCode[];
  /** Pauses an identity after this many refused orders within the period. */
  readonly coolOff?: { readonly rejects: number; readonly withinSeconds: number; readonly pauseSeconds: number };
}

/** Rules with a digest for journal and audit. */
export interface Policy extends PolicyRules {
  /** SHA-256 of the rules in hex: equal rules have equal digests. */
  readonly digest: string;
  /** The version that was published to the record; absent when the rules are from a file, or built in. */
  readonly version?: number;
}

/** The facts that an order is evaluated with. */
export interface PolicyFacts {
  readonly order: Order;
  /** The value of the order, see `notionalOf()`; a missing currency could not be valued. */
  readonly notional: readonly Worth[];
  /** The mid price of the book; `null` when a side is empty. */
  readonly mid: string | null;
  /** The average price of the fills; `null` when nothing would fill at once. */
  readonly averagePrice: string | null;
  /** The worst price at which a market order is expected to trade, if known. */
  readonly worstPrice?: string | null;
  /** Doubts about the market data. */
  readonly warnings: readonly MarketWarning[];
}

/** One rule that an order breaks; `message` says what to change. */
export interface PolicyProblem {
  readonly code: ToolErrorCode;
  readonly message: string;
}

/** Adds the digest to rules. */
export function sealPolicy(rules: PolicyRules): Policy {
  return { ...rules, digest: createHash("sha256").update(JSON.stringify(canonical(rules))).digest("hex") };
}

/** Every rule that an order breaks. What cannot be evaluated is refused. */
export function evaluateOrder(policy: PolicyRules, facts: PolicyFacts): PolicyProblem[] {
  return [
    ...checkKind(policy, facts.order),
    ...checkWorth(policy, facts),
    ...checkPrices(policy, facts),
    ...checkWarnings(policy, facts),
  ];
}

function checkKind({ mode, pairs, sides, orderTypes }: PolicyRules, order: Order): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const refuse = (code: ToolErrorCode, message: string) => problems.push({ code, message });
  if (mode === "observe") {
    refuse("ERR_POLICY_MODE", "Cannot place orders as the policy's mode is observe: ask the operator for another mode");
  }
  if (pairs !== undefined && !pairs.some((pair) => names(pair, order))) {
    refuse("ERR_POLICY_PAIR", `Cannot trade ${order.pair} as the policy allows ${pairs.join(", ")}`);
  }
  if (sides !== undefined && !sides.includes(order.side)) {
    refuse("ERR_POLICY_SIDE", `Cannot ${order.side} as the policy allows ${sides.join(", ")}`);
  }
  if (orderTypes !== undefined && !orderTypes.includes(order.type)) {
    const allowed = orderTypes.join(", ");
    refuse("ERR_POLICY_ORDER_TYPE", `Cannot place a ${order.type} order as the policy allows ${allowed}`);
  }
  return problems;
}

/** A pair in the policy may be written freely; it is matched with the order's own market. */
function names(pair: string, order: Order): boolean {
  return namesPair(pair, { id: order.pair, base: order.base, counter: order.counter });
}

function checkWorth({ maxPerOrder, maxPerDay }: PolicyRules, { notional }: PolicyFacts): PolicyProblem[] {
  const limits = [maxPerOrder, maxPerDay].flatMap((limit) => limit ?? []);
  const currencies = [...new Set(limits.map(({ currency }) => currency))];
  const unvalued = currencies.filter((currency) => !notional.some((worth) => worth.currency === currency));
  const problems: PolicyProblem[] = unvalued.map((currency) => ({
    code: "ERR_POLICY_VALUATION",
    message:
      `Cannot place order as its value in ${currency}, in which the policy limits orders, is not known at the moment`,
  }));
  // The journal checks the daily total, but one order above it can never pass.
  for (const [limit, span] of [[maxPerOrder, "order"], [maxPerDay, "day"]] as const) {
    const worth = notional.find(({ currency }) => currency === limit?.currency);
    if (limit === undefined || worth === undefined || parseDecimal(worth.amount).lte(limit.amount)) continue;
    problems.push({
      code: "ERR_POLICY_ORDER_SIZE",
      message: `Cannot place order as the policy allows at most ${limit.amount} ${limit.currency} per ${span}: ` +
        `current value is ${worth.amount}`,
    });
  }
  return problems;
}

function checkPrices({ priceBandPercent }: PolicyRules, { order, mid, averagePrice }: PolicyFacts): PolicyProblem[] {
  if (priceBandPercent === undefined) return [];
  const limitPrice = order.price ?? null;
  const middle = mid === null ? new Big(0) : parseDecimal(mid);
  if (middle.lte(0) || (limitPrice ?? averagePrice) === null) {
    const message = "Cannot place order as its distance from the market, which the policy limits, is unknown: " +
      "the book has too little on one of its sides";
    return [{ code: "ERR_POLICY_PRICE_BAND", message }];
  }
  return ([["limit", limitPrice], ["average", averagePrice]] as const).flatMap(([name, price]) => {
    if (price === null) return [];
    const distance = parseDecimal(price).minus(middle).abs();
    if (distance.times(100).lte(middle.times(priceBandPercent))) return [];
    const message = `Cannot place order as the policy allows prices within ${priceBandPercent} % of the market at ` +
      `${formatDecimal(middle)}: the ${name} price ${price} is ${formatPercent(distance, middle)} % away`;
    return [{ code: "ERR_POLICY_PRICE_BAND" as const, message }];
  });
}

/** Each doubt about the market forbids the order, unless the policy allows it by name. */
function checkWarnings({ allowWarnings = [] }: PolicyRules, { warnings }: PolicyFacts): PolicyProblem[] {
  return warnings.filter(({ code }) => !allowWarnings.includes(code)).map(({ code, message }) => ({
    code: "ERR_POLICY_WARNING",
    message: `Cannot place order with the warning ${code} (${message}): preview it again later, or have the operator ` +
      "name the warning in the policy's allow_warnings",
  }));
}

/** The rules with sorted fields and lists. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical).toSorted();
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([key, field]) => key !== "digest" && field !== undefined);
  return fields.map(([key, field]) => [key, canonical(field)]).toSorted(([a], [b]) => String(a) < String(b) ? -1 : 1);
}
