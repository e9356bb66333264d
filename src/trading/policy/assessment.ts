/**
 * The complete evaluation of one order before it may be placed: its exact form, its expected effect, and the policy's
 * verdict.
 */

import type { Exchange } from "../../market/exchange_port.ts";
import type { Book } from "../../market/book_walk.ts";
import type { MarketLookup } from "../../market/pairs.ts";
import type { Market } from "../../exchange/market_schemas.ts";
import type { Order as ExchangeOrder } from "../../exchange/order_schemas.ts";
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

/** The evaluation of an order; nothing was sent. */
export interface Assessment {
  readonly order: Order;
  readonly market: Market;
  /** Conversions that were made for the caller. */
  readonly notes: readonly string[];
  readonly estimate: Estimate;
  readonly policyFacts: PolicyFacts;
  readonly policyProblems: readonly PolicyProblem[];
  /** The order's value in each currency that a limit uses. */
  notionalOf(order: Order): readonly Worth[];
}

/** The part of an assessment that is needed when its order is sent. */
export type SentAssessment = Pick<Assessment, "order" | "policyFacts" | "notionalOf">;

/** What an assessment needs. */
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
 * @throws {ExchangeError} when the pair is unknown, or the market or the account cannot be read
 */
export async function assessOrder(request: OrderRequest, parts: AssessmentParts): Promise<Assessment> {
  const { exchange, markets, signal, now, replaced } = parts;
  const market = await markets.resolve(request.pair, { signal });
  const facts = await readFacts(exchange, market, { signal, replaced });
  let view = viewOf(market, facts);
  let read = readOrder(request, view);
  if (reachesEnd(read)) {
    const book = await readWholeBook(exchange, { market, book: facts.book }, signal);
    view = viewOf(market, { ...facts, book });
    // Only the amounts of market orders depend on the book.
    read = read.ok && request.type !== "market"
      ? { ...read, shown: estimateBy(read.order, view) }
      : readOrder(request, view);
  }
  if (!read.ok) throw invalid(read.problems);
  return evaluate(read, { ...view, policy: parts.policy, at: now() + (exchange.status().clock?.skewMs ?? 0) });
}

/** The market and account data that an order is assessed with. */
interface View {
  readonly market: Market;
  readonly facts: MarketFacts;
  /** The tradable part of the book. */
  readonly book: Book;
}

/** An order in its exact form with its estimate, or all of its problems. */
type Read =
  | { readonly ok: true; readonly order: Order; readonly notes: readonly string[]; readonly shown: Estimate }
  | { readonly ok: false; readonly problems: readonly OrderProblem[] };

function viewOf(market: Market, facts: MarketFacts): View {
  return { market, facts, book: tradableBook(facts.book) };
}

function readOrder(request: OrderRequest, view: View): Read {
  const read = normalizeOrder(request, view.market, { book: view.book });
  return read.ok ? { ...read, shown: estimateBy(read.order, view) } : read;
}

/** The short form of a book may end before an order does, also when it is used to convert an amount. */
function reachesEnd(read: Read): boolean {
  return read.ok ? read.shown.reachesEnd : read.problems.some(({ code }) => code === "ERR_LIQUIDITY");
}

function estimateBy(order: Order, { market, book, facts }: View): Estimate {
  const { fees, funds, ownOrders, unreadOwnOrders } = facts;
  return estimateOrder(order, { market, book, fees, funds, ownOrders, unreadOwnOrders });
}

function evaluate(
  { order, notes, shown }: Extract<Read, { ok: true }>,
  { market, facts, book, policy, at }: View & { readonly policy: Policy; readonly at: number },
): Assessment {
  const { fees, valuation } = facts;
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
  return { order, market, notes, estimate, policyFacts, policyProblems, notionalOf: worth };
}

function invalid(problems: readonly OrderProblem[]): TradingError {
  const fields = problems.map(({ field, problem }) => ({ field, problem }));
  const list = fields.map(({ field, problem }) => `${field}: ${problem}`).join("; ");
  return new TradingError(`Cannot make an order of this: ${list}`, { code: "ERR_ORDER_INVALID", fields });
}
