/** One order evaluated in every way before it may be placed: its exact form, what it would do, and what the policy says. */

import type { Exchange } from "../../market/exchange_port.ts";
import type { MarketLookup } from "../../market/pairs.ts";
import type { Market, Order as ExchangeOrder } from "../../exchange/schemas.ts";
import { estimateOrder } from "../orders/estimate.ts";
import type { Estimate } from "../orders/estimate.ts";
import { marketWarnings, tradableBook } from "../orders/market_warnings.ts";
import { type MarketFacts, readFacts, readWholeBook } from "../orders/market_facts.ts";
import type { Order, OrderRequest } from "../orders/order.ts";
import type { OrderProblem } from "../orders/order_amounts.ts";
import { normalizeOrder } from "../orders/order_rules.ts";
import { evaluateOrder } from "./policy.ts";
import { notionalOf } from "../orders/notional.ts";
import type { Policy, PolicyFacts, PolicyProblem } from "./policy.ts";
import type { Worth } from "../orders/notional.ts";
import { TradingError } from "../orders/trading_error.ts";

/** What is known of an order; nothing of it was sent. */
export interface Assessment {
  readonly order: Order;
  readonly market: Market;
  /** What was decided for the caller. */
  readonly notes: readonly string[];
  readonly estimate: Estimate;
  readonly policyFacts: PolicyFacts;
  readonly policyProblems: readonly PolicyProblem[];
  /** What an order like it is worth in each currency that a limit speaks of. */
  notionalOf(order: Order): readonly Worth[];
}

/** What is needed of an assessment when its order is sent. */
export type SentAssessment = Pick<Assessment, "order" | "policyFacts" | "notionalOf">;

/** What an order is assessed with. */
export interface AssessmentParts {
  readonly exchange: Exchange;
  readonly markets: MarketLookup;
  readonly policy: Policy;
  readonly signal: AbortSignal;
  /** Our wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** An order that will be gone when this one is placed. */
  readonly replaced?: ExchangeOrder;
}

/**
 * Assesses an order.
 *
 * @throws {TradingError} `ERR_ORDER_INVALID` with every problem of the order itself
 * @throws {ExchangeError} the pair is unknown, or the market or the account cannot be read
 */
export async function assessOrder(request: OrderRequest, parts: AssessmentParts): Promise<Assessment> {
  const { exchange, markets, signal, now, replaced } = parts;
  const market = await markets.resolve(request.pair, { signal });
  const facts = await readFacts(exchange, market, { signal, replaced });
  const exchangeTime = () => now() + (exchange.status().clock?.skewMs ?? 0);
  const first = evaluate(request, { ...parts, market, facts, at: exchangeTime() });
  if (!reachesEnd(first)) return assessed(first);
  const book = await readWholeBook(exchange, { market, book: facts.book }, signal);
  return assessed(evaluate(request, { ...parts, market, facts: { ...facts, book }, at: exchangeTime() }));
}

type Evaluated =
  | { readonly ok: true; readonly assessment: Assessment }
  | { readonly ok: false; readonly problems: readonly OrderProblem[] };

/** The short form of a book may end before an order does, also when an amount is converted by it. */
function reachesEnd(evaluated: Evaluated): boolean {
  return evaluated.ok
    ? evaluated.assessment.estimate.reachesEnd
    : evaluated.problems.some(({ code }) => code === "ERR_LIQUIDITY");
}

function evaluate(
  request: OrderRequest,
  { policy, market, facts, at }: AssessmentParts & {
    readonly market: Market;
    readonly facts: MarketFacts;
    readonly at: number;
  },
): Evaluated {
  const { fees, funds, ownOrders, valuation } = facts;
  const book = tradableBook(facts.book);
  const normalized = normalizeOrder(request, market, { book });
  if (!normalized.ok) return normalized;
  const { order, notes } = normalized;
  const shown = estimateOrder(order, { market, book, fees, funds, ownOrders });
  const view = { market, book: facts.book, bookAt: facts.book.timestamp, now: at, fees };
  const warnings = marketWarnings(order, shown, view);
  const estimate = { ...shown, warnings: [...warnings, ...shown.warnings] };
  const worth = (each: Order) =>
    notionalOf(each, policy, {
      estimatedCounter: estimate.filledCounter,
      bestBid: book.bids[0]?.price ?? null,
      valuation,
    });
  const { mid, averagePrice, worstPrice } = estimate;
  const policyFacts = { order, notional: worth(order), mid, averagePrice, worstPrice, warnings };
  const policyProblems = evaluateOrder(policy, policyFacts);
  const assessment = { order, market, notes, estimate, policyFacts, policyProblems, notionalOf: worth };
  return { ok: true, assessment };
}

function assessed(evaluated: Evaluated): Assessment {
  if (evaluated.ok) return evaluated.assessment;
  const fields = evaluated.problems.map(({ field, problem }) => ({ field, problem }));
  const list = fields.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  throw new TradingError(`Cannot make an order of this: ${list}`, { code: "ERR_ORDER_INVALID", fields });
}
