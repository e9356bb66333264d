/** One order judged in every way before it may be placed: its exact form, what it would do, and what the policy says. */

import type { Exchange } from "../market/shared_reads.ts";
import type { Markets } from "../exchange/pairs.ts";
import type { Market, Order as ExchangeOrder } from "../exchange/schemas.ts";
import type { Book } from "./book_walk.ts";
import { estimateOrder } from "./estimate.ts";
import type { Estimate } from "./estimate.ts";
import { type MarketFacts, readFacts, readWholeBook } from "./market_facts.ts";
import type { Order, OrderRequest } from "./order.ts";
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
  if (!first.isShort) return first.assessment;
  const book = await readWholeBook(exchange, { market, book: facts.book }, signal);
  return judge(request, { ...parts, market, facts: { ...facts, book } }).assessment;
}

function judge(
  request: OrderRequest,
  { policy, market, facts }: AssessmentParts & { readonly market: Market; readonly facts: MarketFacts },
): { assessment: Assessment; isShort: boolean } {
  const { book, fees, funds, ownOrders, valuation } = facts;
  const { order, notes } = normalized(request, market, book);
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
  const isShort = estimate.problems.some(({ code }) => code === "ERR_LIQUIDITY");
  return {
    assessment: { order, market, notes, estimate, policyFacts, policyProblems, notionalOf: worth },
    isShort,
  };
}

function normalized(request: OrderRequest, market: Market, book: Book): { order: Order; notes: string[] } {
  const result = normalizeOrder(request, market, { book });
  if (result.ok) return result;
  const list = result.problems.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  throw new TradingError(`Cannot make an order of this: ${list}`, {
    code: "ERR_ORDER_INVALID",
    fields: result.problems.map(({ field, problem }) => ({ field, problem })),
  });
}
