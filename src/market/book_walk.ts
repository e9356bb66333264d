/**
 * Walks an order through a book, level by level, with exact amounts. Ignores fees, balances and the rest of the order.
 */

import Big from "big.js";
import { isPositive, parseDecimal } from "../money/decimals.ts";
import { divideDown, middleOf } from "../money/rounding.ts";
import type { Side } from "../exchange/order_schemas.ts";

/** One price of a book; decimals, the volume in base currency. */
export interface BookLevel {
  readonly price: string;
  readonly volume: string;
}

/** A book as the exchange sends it: bids from high to low, asks from low to high. */
export interface Book {
  readonly asks: readonly BookLevel[];
  readonly bids: readonly BookLevel[];
  /**
   * Whether the exchange sent it in another order.
   *
   * @default false
   */
  readonly was_unsorted?: boolean;
  /**
   * The number of unreadable levels.
   *
   * @default 0
   */
  readonly left_out?: number;
}

/** The amounts traded at one level. */
export interface BookFill {
  readonly price: Big;
  readonly volume: Big;
}

/** What {@linkcode walkBook} is to find; without `volume` and `counterVolume` everything up to the limit. */
export interface Walk {
  readonly side: Side;
  /** Worst acceptable price, counter per base. */
  readonly limit?: Big | undefined;
  /** Base currency to trade. */
  readonly volume?: Big | undefined;
  /** Counter currency to spend or to receive; never exceeded. */
  readonly counterVolume?: Big | undefined;
  /** Decimals of a volume. */
  readonly volumeScale: number;
}

/** The result of a walk. */
export interface Walked {
  /** Best price first. */
  readonly fills: readonly BookFill[];
  readonly base: Big;
  readonly counter: Big;
  /** Whether the book held less than wanted within the limit. */
  readonly isShort: boolean;
  /** Whether it would have continued beyond the last level. */
  readonly reachesEnd: boolean;
}

/** Walks the book as an order would: the best price first, none worse than the limit, never more than the amount. */
export function walkBook(book: Book, { side, limit, volume, counterVolume, volumeScale }: Walk): Walked {
  const fills: BookFill[] = [];
  let base = new Big(0);
  let counter = new Big(0);
  let isAtLimit = false;
  for (const level of side === "BUY" ? book.asks : book.bids) {
    const price = parseDecimal(level.price);
    isAtLimit = price.lte(0) || (limit !== undefined && isWorse(side, price, limit));
    if (isAtLimit) break;
    const wanted = smallest([
      volume?.minus(base),
      counterVolume === undefined ? undefined : divideDown(counterVolume.minus(counter), price, volumeScale),
    ]);
    const available = parseDecimal(level.volume);
    const taken = smallest([available, wanted]) ?? available;
    if (taken.gt(0)) fills.push({ price, volume: taken });
    base = base.plus(taken);
    counter = counter.plus(price.times(taken));
    // The rest of a level is used up first: an amount too small for it must not move on to a worse price.
    if (taken.lt(available)) return { fills, base, counter, isShort: false, reachesEnd: false };
  }
  const last = fills.at(-1)?.price;
  const isAffordable = counterVolume === undefined || last === undefined ||
    divideDown(counterVolume.minus(counter), last, volumeScale).gt(0);
  const isShort = isAffordable && (volume === undefined || base.lt(volume));
  return { fills, base, counter, isShort, reachesEnd: isShort && !isAtLimit };
}

/** Whether a level can be traded with. */
export function isTradable({ price, volume }: BookLevel): boolean {
  return isPositive(price) && isPositive(volume);
}

/** Whether a price is beyond a limit: higher when buying, lower when selling. */
export function isWorse(side: Side, price: Big, limit: Big): boolean {
  return side === "BUY" ? price.gt(limit) : price.lt(limit);
}

/** The mean of the best prices; `null` when a side is empty. */
export function midOf({ asks: [ask], bids: [bid] }: Book): Big | null {
  return ask === undefined || bid === undefined ? null : middleOf(parseDecimal(ask.price), parseDecimal(bid.price));
}

function smallest(amounts: readonly (Big | undefined)[]): Big | undefined {
  return amounts.reduce((least, amount) => least === undefined || amount?.lt(least) ? amount : least, undefined);
}
