/** Remarks on an estimated order: what its caller should know before placing it, and what prevents placing it. */

import type Big from "big.js";
import type { ToolErrorCode } from "../../errors/error_table.ts";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import { isWorse } from "../../market/book_walk.ts";
import type { EstimateFacts, Outlook, OwnOrder } from "./outlook.ts";
import type { Order } from "./order.ts";

/** A reason not to place the order. */
export interface EstimateProblem {
  readonly code: ToolErrorCode;
  readonly message: string;
}

/** Something to know before the order is placed. */
export interface EstimateRemark {
  readonly code: string;
  readonly message: string;
}

/** What the remarks depend on beside the order and its outlook. */
export interface RemarkFacts extends EstimateFacts {
  readonly mid: Big | null;
  readonly shortfall: { readonly currency: string; readonly amount: string } | null;
}

/** Reasons not to place the order, and remarks. */
export interface Remarks {
  readonly problems: EstimateProblem[];
  readonly warnings: EstimateRemark[];
}

/** The most own orders that a sentence names. */
const MAX_NAMED = 5;

/** Checks an estimated order. */
export function remarksOn(order: Order, outlook: Outlook, facts: RemarkFacts): Remarks {
  const crossing = crossingOrders(order, outlook, facts.ownOrders);
  return {
    problems: [
      ...checkFunds(facts),
      ...checkLiquidity(order, outlook),
      ...checkCrossing(order, crossing.now),
    ],
    warnings: [
      ...warnOfLifetime(order, outlook),
      ...warnOfStop(order, facts.mid),
      ...warnOfCrossing(order, crossing.later),
      ...warnOfUnread(facts),
      ...warnOfFunds(facts),
      ...warnOfFee(order, outlook),
    ],
  };
}

function checkFunds({ shortfall }: RemarkFacts): EstimateProblem[] {
  if (shortfall === null) return [];
  const { currency, amount } = shortfall;
  const message = `Cannot pay for order as ${amount} ${currency} is missing from what is available: ` +
    "make it smaller, add funds or cancel an order that reserves some";
  return [{ code: "ERR_INSUFFICIENT_FUNDS", message }];
}

function checkLiquidity({ type, base }: Order, { isShort, reachable }: Outlook): EstimateProblem[] {
  if (type !== "market" || !isShort) return [];
  const message = `Cannot fill market order as the book has ${formatDecimal(reachable)} ${base} in all: ` +
    "make it smaller or use a limit order";
  return [{ code: "ERR_LIQUIDITY", message }];
}

function checkCrossing(order: Order, own: readonly OwnOrder[]): EstimateProblem[] {
  if (own.length === 0) return [];
  const otherwise = order.type === "market" ? "make it smaller" : "choose another price";
  const message = `Cannot place order as it would trade with your own open ${namesOf(own)}: ` +
    `cancel ${own.length === 1 ? "it" : "them"} first or ${otherwise}`;
  return [{ code: "ERR_SELF_CROSSING", message }];
}

function warnOfCrossing(order: Order, own: readonly OwnOrder[]): EstimateRemark[] {
  if (own.length === 0) return [];
  return [{ code: "MAY_CROSS_OWN_ORDER", message: crossingSentence(order, namesOf(own)) }];
}

function warnOfUnread({ unreadOwnOrders = 0 }: RemarkFacts): EstimateRemark[] {
  if (unreadOwnOrders === 0) return [];
  const message = `Whether it would trade with your own orders is not known: ${unreadOwnOrders} of them cannot be read`;
  return [{ code: "OWN_ORDERS_UNKNOWN", message }];
}

/** A market order has no limit price; a stop-limit order trades with nothing before it is triggered. */
function crossingSentence({ type, postOnly }: Order, own: string): string {
  if (type === "market") return `If the book thins out, this could trade with your own open ${own}`;
  if (type === "stop_limit") return `Once triggered, its limit price would cross your own open ${own}`;
  return postOnly === true
    ? `This price would cross your own open ${own}, and a post-only order that would trade is cancelled`
    : `This price would cross your own open ${own}, behind what the order would take now`;
}

function warnOfLifetime({ type, base, timeInForce, postOnly }: Order, outlook: Outlook): EstimateRemark[] {
  if (type !== "limit") return [];
  const { reachable, isShort, dropped } = outlook;
  if (timeInForce === "FOK" && isShort) {
    const message = `Nothing would trade: the book has only ${formatDecimal(reachable)} ${base} within the limit`;
    return [{ code: "FOK_WOULD_NOT_FILL", message }];
  }
  if (timeInForce === "IOC" && reachable.eq(0)) {
    return [{ code: "IOC_WOULD_NOT_FILL", message: "Nothing would trade: the book has nothing within the limit" }];
  }
  if (timeInForce === "IOC" && dropped.gt(0)) {
    const message =
      `Only ${formatDecimal(reachable)} ${base} would trade, the other ${formatDecimal(dropped)} ${base} ` +
      "would be cancelled";
    return [{ code: "IOC_WOULD_FILL_PARTLY", message }];
  }
  if (postOnly === true && reachable.gt(0)) {
    const message = "The exchange would cancel it: a post-only order may not trade at once, and this price does";
    return [{ code: "POST_ONLY_WOULD_TRADE", message }];
  }
  return [];
}

/** The last trade is not available; the mid price is close enough for a warning. */
function warnOfStop({ stopPrice, stopDirection }: Order, mid: Big | null): EstimateRemark[] {
  if (stopPrice === undefined) return [];
  const stop = parseDecimal(stopPrice);
  const isPast = mid !== null &&
    (stopDirection === "ABOVE" ? mid.gte(stop) : stopDirection === "BELOW" && mid.lte(stop));
  if (!isPast) return [{ code: "STOP_WAITS", message: "It waits off the book until a trade reaches its stop price" }];
  const message = `The market, about ${formatDecimal(mid)}, is past the stop price: the next trade sets it off`;
  return [{ code: "STOP_WOULD_TRIGGER", message }];
}

function warnOfFunds({ funds }: RemarkFacts): EstimateRemark[] {
  if (funds !== null) return [];
  return [{ code: "BALANCE_UNKNOWN", message: "Whether the balance is enough is not known" }];
}

function warnOfFee({ side, base, counter }: Order, { fills, resting }: Outlook): EstimateRemark[] {
  if (side === "BUY" || (fills.length === 0 && resting.eq(0))) return [];
  const message = `The exchange may take the fee of a sell in ${base} or in ${counter}: its documentation does not say`;
  return [{ code: "FEE_CURRENCY_UNCERTAIN", message }];
}

/** Own orders on the other side: those that it would trade with now, and further ones within its limit price. */
function crossingOrders(
  order: Order,
  { fills, resting }: Outlook,
  own: readonly OwnOrder[],
): { readonly now: OwnOrder[]; readonly later: OwnOrder[] } {
  const limit = order.price === undefined ? undefined : parseDecimal(order.price);
  const worst = fills.at(-1)?.price;
  const reached = own.filter(({ side, price }) =>
    side !== order.side && (limit === undefined || !isWorse(order.side, parseDecimal(price), limit))
  );
  if (order.type === "stop_limit" || order.postOnly === true) return { now: [], later: reached };
  // The rest has traded with everything within its limit, whether the book that was read shows it or not.
  const isMet = ({ price }: OwnOrder) =>
    resting.gt(0) || (worst !== undefined && !isWorse(order.side, parseDecimal(price), worst));
  return { now: reached.filter(isMet), later: reached.filter((each) => !isMet(each)) };
}

function namesOf(own: readonly OwnOrder[]): string {
  const named = own.slice(0, MAX_NAMED).map(({ side, price, order_id }) => `${side} ${order_id} at ${price}`);
  const more = own.length > MAX_NAMED ? ` and ${own.length - MAX_NAMED} more` : "";
  return `${own.length === 1 ? "order" : "orders"} ${named.join(", ")}${more}`;
}
