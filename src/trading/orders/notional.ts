/** The value of an order in each currency that a limit uses. */

import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { Order } from "./order.ts";

/** An amount of one currency, a decimal. */
export interface Worth {
  readonly currency: string;
  readonly amount: string;
}

/** The value of an amount in another currency, a decimal; `null` when it cannot be determined. */
export type Valuation = (worth: Worth, currency: string) => string | null;

/** Facts that {@linkcode notionalOf} needs beside the order. */
export interface NotionalOptions {
  /** What the book pays for a market order to sell, a decimal; `null` when that is unknown. */
  readonly estimatedCounter: string | null;
  /** Best bid of the book; `null` when there is none. */
  readonly bestBid: string | null;
  readonly valuation: Valuation;
}

/** The limits in whose currencies an order is valued. */
export interface ValueLimits {
  readonly maxPerOrder?: Worth;
  readonly maxPerDay?: Worth;
}

/**
 * The value of an order: exact in its counter currency, and in its base currency if it has a base amount; by valuation
 * in any other currency of a limit. A currency without a value is omitted.
 *
 * A limit order to sell may trade above its limit, so its value is computed from the best bid or its stop price when
 * that is higher: a low limit price does not make a large order small.
 */
export function notionalOf(
  order: Order,
  limits: ValueLimits,
  { estimatedCounter, bestBid, valuation }: NotionalOptions,
): Worth[] {
  const amount = order.counterVolume ?? (order.price === undefined ? estimatedCounter : limitWorth(order, bestBid));
  const known: Worth[] = [];
  if (amount !== null) known.push({ currency: order.counter, amount });
  if (order.volume !== undefined) known.push({ currency: order.base, amount: order.volume });
  const wanted = new Set([limits.maxPerOrder, limits.maxPerDay].flatMap((limit) => limit?.currency ?? []));
  const others = [...wanted].filter((currency) => !known.some((worth) => worth.currency === currency));
  const valued = others.flatMap((currency) => {
    const [worth] = known;
    const amount = worth === undefined ? null : valuation(worth, currency);
    return amount === null ? [] : [{ currency, amount }];
  });
  return [...known, ...valued];
}

/** Volume times the best price that a limit order states or may meet. */
function limitWorth({ side, volume, price, stopPrice }: Order, bestBid: string | null): string | null {
  if (volume === undefined || price === undefined) return null;
  const met = side === "SELL" ? [price, stopPrice, bestBid] : [price];
  const best = met.map((each) => parseDecimal(each ?? "0")).reduce((high, each) => each.gt(high) ? each : high);
  return formatDecimal(parseDecimal(volume).times(best));
}
