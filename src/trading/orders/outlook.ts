/** What happens to an order in the book as it is now: what fills, what rests, and what does neither. */

import Big from "big.js";
import { parseDecimal } from "../../money/decimals.ts";
import type { Market } from "../../exchange/market_schemas.ts";
import type { FeeInfo, Side } from "../../exchange/order_schemas.ts";
import { type Book, type BookFill, walkBook } from "../../market/book_walk.ts";
import type { Order } from "./order.ts";

/** Available amounts, balance less what is reserved; decimals. */
export interface Funds {
  readonly base: string;
  readonly counter: string;
}

/** One of the caller's own open orders in the same market. */
export interface OwnOrder {
  readonly order_id: string;
  readonly side: Side;
  readonly price: string;
}

/** The facts for an estimate. */
export interface EstimateFacts {
  readonly market: Market;
  readonly book: Book;
  readonly fees: FeeInfo;
  /** `null` when the account could not be read. */
  readonly funds: Funds | null;
  readonly ownOrders: readonly OwnOrder[];
  /**
   * The number of own open orders that are unreadable.
   *
   * @default {0}
   */
  readonly unreadOwnOrders?: number;
}

/** What happens to an order in the book. */
export interface Outlook {
  readonly fills: readonly BookFill[];
  readonly base: Big;
  readonly counter: Big;
  readonly resting: Big;
  readonly dropped: Big;
  readonly unspent: Big;
  /** Whether the book has less than the order wants within its limit. */
  readonly isShort: boolean;
  readonly reachesEnd: boolean;
  /** Base available in the book within the limit, even if the order then takes none of it. */
  readonly reachable: Big;
}

const ZERO = new Big(0);

/** What a limit order, a market order or one that waits for its stop price would do now. */
export function outlookOf(order: Order, { market, book }: EstimateFacts): Outlook {
  const volume = order.volume === undefined ? undefined : parseDecimal(order.volume);
  const budget = order.counterVolume === undefined ? undefined : parseDecimal(order.counterVolume);
  const limit = order.price === undefined ? undefined : parseDecimal(order.price);
  const walked = walkBook(book, {
    side: order.side,
    limit,
    volume,
    counterVolume: budget,
    volumeScale: market.volume_scale,
  });
  const wanted = volume ?? walked.base;
  const nothing = { ...walked, fills: [], base: ZERO, counter: ZERO, reachable: walked.base };
  if (order.type === "stop_limit") return { ...nothing, resting: wanted, dropped: ZERO, unspent: ZERO };
  const isRefused = order.timeInForce === "FOK" ? walked.isShort : order.postOnly === true && walked.fills.length > 0;
  if (isRefused) return { ...nothing, resting: ZERO, dropped: wanted, unspent: ZERO };
  const rest = wanted.minus(walked.base);
  const rests = order.type === "limit" && order.timeInForce !== "IOC";
  return {
    ...walked,
    resting: rests ? rest : ZERO,
    dropped: rests ? ZERO : rest,
    unspent: budget?.minus(walked.counter) ?? ZERO,
    reachable: walked.base,
  };
}
