/** One order judged in every way before it may be placed: its exact form, what it would do, and what the policy says. */

import type { Exchange } from "../market/shared_reads.ts";
import type { Markets } from "../exchange/pairs.ts";
import type { Market, Order as ExchangeOrder } from "../exchange/schemas.ts";
import { estimateOrder } from "./estimate.ts";
import type { Estimate } from "./estimate.ts";
import { type MarketFacts, readFacts, readWholeBook } from "./market_facts.ts";
import type { Order, OrderRequest } from "./order.ts";
import type { OrderProblem } from "./order_amounts.ts";
import { normalizeOrder } from "./order_rules.ts";
import { judgeOrder, notionalOf } from "./policy.ts";
import type { Policy, PolicyFacts, PolicyProblem, Worth } from "./policy.ts";
import { TradingError } from "./trading_error.ts";

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

/** What an order is assessed with. */
export interface AssessmentParts {
  readonly exchange: Exchange;
  readonly markets: Markets;
  readonly policy: Policy;
  readonly signal: AbortSignal;
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
  const { exchange, markets, signal, replaced } = parts;
  const market = await markets.resolve(request.pair, { signal });
  const facts = await readFacts(exchange, market, { signal, replaced });
  const first = judge(request, { ...parts, market, facts });
  if (!reachesEnd(first)) return assessed(first);
  const book = await readWholeBook(exchange, { market, book: facts.book }, signal);
  return assessed(judge(request, { ...parts, market, facts: { ...facts, book } }));
}

type Judged =
  | { readonly ok: true; readonly assessment: Assessment }
  | { readonly ok: false; readonly problems: readonly OrderProblem[] };

/** The short form of a book may end before an order does, also when an amount is converted by it. */
function reachesEnd(judged: Judged): boolean {
  return judged.ok
    ? judged.assessment.estimate.reachesEnd
    : judged.problems.some(({ code }) => code === "ERR_LIQUIDITY");
}

function judge(
  request: OrderRequest,
  { policy, market, facts }: AssessmentParts & { readonly market: Market; readonly facts: MarketFacts },
): Judged {
  const { book, fees, funds, ownOrders, valuation } = facts;
  const normalized = normalizeOrder(request, market, { book });
  if (!normalized.ok) return normalized;
  const { order, notes } = normalized;
  const estimate = estimateOrder(order, { market, book, fees, funds, ownOrders });
  const worth = (each: Order) =>
    notionalOf(each, policy, {
      estimatedCounter: estimate.filledCounter,
      bestBid: book.bids[0]?.price ?? null,
      valuation,
    });
  const { mid, averagePrice } = estimate;
  const policyFacts = { order, notional: worth(order), mid, averagePrice };
  const policyProblems = judgeOrder(policy, policyFacts);
  const assessment = { order, market, notes, estimate, policyFacts, policyProblems, notionalOf: worth };
  return { ok: true, assessment };
}

function assessed(judged: Judged): Assessment {
  if (judged.ok) return judged.assessment;
  const fields = judged.problems.map(({ field, problem }) => ({ field, problem }));
  const list = fields.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  throw new TradingError(`Cannot make an order of this: ${list}`, { code: "ERR_ORDER_INVALID", fields });
}
