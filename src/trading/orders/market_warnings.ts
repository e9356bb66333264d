/**
 * Checks whether the exchange's data about a market is plausible. An estimate from an hour-old book, a crossed book or
 * an absurd fee is worthless, so each of these warnings prevents an order unless the policy allows it in
 * `allow_warnings`. Effects of an order in a plausible market are checked by `remarksOn`.
 */

import Big from "big.js";
import { formatDecimal, formatPercent, parseDecimal } from "../../money/decimals.ts";
import type { Market } from "../../exchange/market_schemas.ts";
import type { FeeInfo, Side } from "../../exchange/order_schemas.ts";
import { type Book, type BookLevel, isTradable } from "../../market/book_walk.ts";
import type { Estimate } from "./estimate.ts";
import type { Order } from "./order.ts";
import { middleOf } from "../../money/rounding.ts";

/** Every code; policies name them, so none changes its meaning. */
export const MARKET_WARNING_CODES = [
  "BOOK_STALE",
  "BOOK_DATED_AHEAD",
  "BOOK_INVALID",
  "BOOK_UNSORTED",
  "BOOK_SIDE_EMPTY",
  "BOOK_THIN",
  "BOOK_CROSSED",
  "SPREAD_WIDE",
  "SLIPPAGE_HIGH",
  "FEE_IMPLAUSIBLE",
] as const;

/** The code of one doubt about a market. */
export type MarketWarningCode = typeof MARKET_WARNING_CODES[number];

/** One doubt; `message` is a sentence without a final period. */
export interface MarketWarning {
  readonly code: MarketWarningCode;
  readonly message: string;
}

/** The data to check. */
export interface MarketView {
  readonly market: Market;
  /** As the exchange sent it. */
  readonly book: Book;
  /** The time of the book by the exchange's clock; milliseconds since the Unix epoch. */
  readonly bookAt: number;
  /** The exchange's present time. */
  readonly now: number;
  readonly fees: FeeInfo;
}

/** The exchange updates the time of a quiet market's book every five minutes. */
const MAX_BOOK_AGE_MS = 360_000;

/** More than the deviation of clocks that trading accepts. */
const MAX_BOOK_LEAD_MS = 60_000;

/** The least number of prices per side, and of the market's smallest orders that they hold together. */
const MIN_PRICES = 3;
const MIN_SMALLEST_ORDERS = 10;

const MAX_SPREAD_PERCENT = 10;
const MAX_SLIPPAGE_PERCENT = 5;

/** Published fees are far from these bounds; only makers ever receive a rebate. */
const MAX_FEE = "0.02";
const MIN_MAKER_FEE = "-0.001";
const MIN_TAKER_FEE = "0";

/** Every doubt about a market that matters to an order. */
export function marketWarnings(order: Order, estimate: Estimate, view: MarketView): MarketWarning[] {
  return [
    ...checkTime(view),
    ...checkLevels(view.book),
    ...checkDepth(view),
    ...checkPrices(view.book),
    ...checkSlippage(estimate),
    ...checkFees(order.side, view.fees),
  ];
}

function checkTime({ bookAt, now }: MarketView): MarketWarning[] {
  const age = now - bookAt;
  if (age > MAX_BOOK_AGE_MS) {
    return [{
      code: "BOOK_STALE",
      message: `The order book is ${spanOf(age)} old: it may look quite different by now`,
    }];
  }
  if (age < -MAX_BOOK_LEAD_MS) {
    return [{
      code: "BOOK_DATED_AHEAD",
      message: `The order book is dated ${spanOf(-age)} ahead of the exchange's time`,
    }];
  }
  return [];
}

function checkLevels({ asks, bids, was_unsorted = false, left_out = 0 }: Book): MarketWarning[] {
  const warnings: MarketWarning[] = [];
  const invalid = [...asks, ...bids].find((level) => !isTradable(level));
  if (invalid !== undefined) {
    const { price, volume } = invalid;
    const message = `The order book has a level that nobody can trade with: ${volume} at ${price}`;
    warnings.push({ code: "BOOK_INVALID", message });
  } else if (left_out > 0) {
    warnings.push({ code: "BOOK_INVALID", message: `The order book has ${left_out} levels that cannot be read` });
  }
  const [side] = ([["asks", asks, "BUY"], ["bids", bids, "SELL"]] as const).filter(([, levels, taker]) =>
    !isSorted(levels, taker)
  );
  if (side !== undefined || was_unsorted) {
    const message = `The ${side?.[0] ?? "levels"} of the order book are not in the order of their prices`;
    warnings.push({ code: "BOOK_UNSORTED", message });
  }
  return warnings;
}

function checkDepth({ book, market }: MarketView): MarketWarning[] {
  const least = parseDecimal(market.min_volume).times(MIN_SMALLEST_ORDERS);
  return (["asks", "bids"] as const).flatMap((name): MarketWarning[] => {
    const levels = book[name].filter(isTradable);
    if (levels.length === 0) {
      return [{ code: "BOOK_SIDE_EMPTY", message: `The order book has no ${name}, so that there is no market price` }];
    }
    const prices = new Set(levels.map(({ price }) => formatDecimal(parseDecimal(price)))).size;
    const volume = levels.reduce((sum, level) => sum.plus(level.volume), new Big(0));
    if (prices >= MIN_PRICES && volume.gte(least)) return [];
    const message = `The ${name} of the order book are ${formatDecimal(volume)} ${market.base_currency} at ${prices} ` +
      `price${prices === 1 ? "" : "s"}: a few small orders make the market price`;
    return [{ code: "BOOK_THIN", message }];
  });
}

function checkPrices(book: Book): MarketWarning[] {
  const { asks: [ask], bids: [bid] } = tradableBook(book);
  if (ask === undefined || bid === undefined) return [];
  const [low, high] = [parseDecimal(bid.price), parseDecimal(ask.price)];
  if (low.gte(high)) {
    const message = `The order book is crossed: its best bid ${bid.price} is not below its best ask ${ask.price}`;
    return [{ code: "BOOK_CROSSED", message }];
  }
  const mid = middleOf(low, high);
  const spread = high.minus(low);
  if (spread.times(100).lte(mid.times(MAX_SPREAD_PERCENT))) return [];
  const message = `Best bid ${bid.price} and best ask ${ask.price} are ${formatPercent(spread, mid)} % apart`;
  return [{ code: "SPREAD_WIDE", message }];
}

function checkSlippage({ slippagePercent }: Estimate): MarketWarning[] {
  if (slippagePercent === null || parseDecimal(slippagePercent).lte(MAX_SLIPPAGE_PERCENT)) return [];
  const message = `What fills at once is on average ${slippagePercent} % worse than the middle of the order book`;
  return [{ code: "SLIPPAGE_HIGH", message }];
}

/** Implausible fees of a pair, as sentences without a final period. */
export function feeDoubts(fees: FeeInfo): string[] {
  const doubts = (["BUY", "SELL"] as const).flatMap((side) => checkFees(side, fees).map(({ message }) => message));
  return [...new Set(doubts)];
}

function checkFees(side: Side, fees: FeeInfo): MarketWarning[] {
  const [taker, maker] = side === "BUY"
    ? [fees.taker_fee_buy, fees.maker_fee_buy]
    : [fees.taker_fee_sell, fees.maker_fee_sell];
  const rates = [["taker", taker, MIN_TAKER_FEE], ["maker", maker, MIN_MAKER_FEE]] as const;
  return rates.flatMap(([role, text, least]): MarketWarning[] => {
    const rate = parseDecimal(text);
    if (rate.gte(least) && rate.lte(MAX_FEE)) return [];
    const message = `The exchange says that the ${role} fee is ${
      formatDecimal(rate.times(100))
    } %, which cannot be right`;
    return [{ code: "FEE_IMPLAUSIBLE", message }];
  });
}

/** A book to calculate with: without levels that cannot be traded with, best price first. */
export function tradableBook(book: Book): Book {
  return { asks: tradableSide(book.asks, "BUY"), bids: tradableSide(book.bids, "SELL") };
}

function tradableSide(levels: readonly BookLevel[], taker: Side): readonly BookLevel[] {
  const tradable = levels.every(isTradable) ? levels : levels.filter(isTradable);
  return isSorted(tradable, taker) ? tradable : tradable.toSorted((a, b) => compare(a, b, taker));
}

/** Several orders may share a price. */
function isSorted(levels: readonly BookLevel[], taker: Side): boolean {
  return levels.every((level, index) => {
    const before = levels[index - 1];
    return before === undefined || compare(before, level, taker) <= 0;
  });
}

/** A buyer takes low prices first, a seller high ones. */
function compare(a: BookLevel, b: BookLevel, taker: Side): number {
  const rising = parseDecimal(a.price).cmp(parseDecimal(b.price));
  return taker === "BUY" ? rising : -rising;
}

function spanOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 120 ? `${minutes} minute${minutes === 1 ? "" : "s"}` : `${Math.floor(minutes / 60)} hours`;
}
