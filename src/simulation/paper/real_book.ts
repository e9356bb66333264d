/** The real order book for paper orders, in ticks and lots. */

import Big from "big.js";
import { parseDecimal } from "../../money/decimals.ts";
import type { OrderBook, OrderBookEntry } from "../../exchange/market_schemas.ts";
import type { TradedMarket } from "../engine/market.ts";
import { byPriority, type RestingOrder, type Side } from "../engine/matching.ts";
import { wholeLots } from "./paper_market.ts";

/** One price of the real book. */
export interface Level {
  readonly price: number;
  readonly volume: number;
}

/** Both sides, best price first, one level per price. */
export interface RealBook {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

type Scales = Pick<TradedMarket, "priceScale" | "volumeScale">;

/** Parses a book, aggregated or not. Amounts finer than the scales are rounded to the trader's disadvantage. */
export function readBook(
  scales: Scales,
  { bids, asks }: Pick<OrderBook, "timestamp" | "bids" | "asks">,
): RealBook {
  return {
    bids: readSide(scales, { entries: bids, side: "BUY" }),
    asks: readSide(scales, { entries: asks, side: "SELL" }),
  };
}

function readSide(scales: Scales, { entries, side }: { entries: readonly OrderBookEntry[]; side: Side }): Level[] {
  const volumes = new Map<number, Big>();
  for (const { price, volume } of entries) {
    const ticks = ticksOf(scales, { price, side });
    volumes.set(ticks, (volumes.get(ticks) ?? new Big(0)).plus(parseDecimal(volume)));
  }
  return [...volumes].map(([price, volume]) => ({ price, volume: wholeLots(scales, volume) }))
    .filter(({ price, volume }) => isCount(price) && isCount(volume))
    .sort(byPriority(side));
}

/** A price of one side in ticks. */
export function ticksOf(
  { priceScale }: Scales,
  { price, side }: { readonly price: string; readonly side: Side },
): number {
  return parseDecimal(price).times(`1e${priceScale}`).round(0, side === "BUY" ? Big.roundDown : Big.roundUp).toNumber();
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

/** A level in the form of the matching core. */
export function asResting({ price, volume }: Level): RestingOrder {
  return { id: "", price, volume, own: false };
}
