/** Converts between the ticks and lots of the book and the decimals of accounts and answers. */

import Big from "big.js";
import type { TradedMarket } from "./market.ts";

/** The price of `ticks`, in counter currency. */
export function priceOf(market: TradedMarket, ticks: number): Big {
  return new Big(`${ticks}e-${market.priceScale}`);
}

/** The volume of `lots`, in base currency. */
export function volumeOf(market: TradedMarket, lots: number): Big {
  return new Big(`${lots}e-${market.volumeScale}`);
}

/** The exact cost of `lots` at a price of `ticks`, in counter currency. */
export function costOf(market: TradedMarket, ticks: number, lots: number): Big {
  return new Big(`${BigInt(ticks) * BigInt(lots)}e-${market.priceScale + market.volumeScale}`);
}

/** Whole ticks of a price that fits the market's scale. */
export function ticksOf(market: TradedMarket, price: Big): number {
  return price.times(`1e${market.priceScale}`).toNumber();
}

/** Whole lots of a volume that fits the market's scale. */
export function lotsOf(market: TradedMarket, volume: Big): number {
  return volume.times(`1e${market.volumeScale}`).toNumber();
}

/** A counter amount in ticks times lots, rounded down. */
export function budgetOf(market: TradedMarket, amount: Big): bigint {
  return BigInt(amount.times(`1e${market.priceScale + market.volumeScale}`).round(0, Big.roundDown).toFixed());
}
