/** The real book that an identity's next order meets: without the volume that it has taken already. */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../money/decimals.ts";
import type { OrderBook, OrderBookEntry } from "../../exchange/market_schemas.ts";
import type { TradedMarket } from "../engine/market.ts";
import type { Side } from "../engine/matching.ts";
import { wholeLots } from "./paper_market.ts";
import { readBook, ticksOf } from "./real_book.ts";
import type { TakenLiquidity } from "./taken_liquidity.ts";

type Scales = Pick<TradedMarket, "priceScale" | "volumeScale">;

/** The book without what was taken; invalid entries stay as they are. */
export function bookLeft(scales: Scales, book: OrderBook, taken: TakenLiquidity): OrderBook {
  const { bids, asks } = readBook(scales, book);
  taken.see("BUY", bids);
  taken.see("SELL", asks);
  return {
    ...book,
    bids: entriesLeft(scales, book.bids, { side: "BUY", lots: taken.lots("BUY") }),
    asks: entriesLeft(scales, book.asks, { side: "SELL", lots: taken.lots("SELL") }),
  };
}

function entriesLeft(
  scales: Scales,
  entries: readonly OrderBookEntry[],
  { side, lots }: { readonly side: Side; readonly lots: Map<number, number> },
): OrderBookEntry[] {
  return entries.flatMap((entry) => {
    const price = ticksOf(scales, { price: entry.price, side });
    const taken = Math.min(lots.get(price) ?? 0, wholeLots(scales, parseDecimal(entry.volume)));
    if (!(taken > 0)) return [entry];
    lots.set(price, (lots.get(price) ?? 0) - taken);
    const volume = parseDecimal(entry.volume).minus(new Big(taken).times(`1e-${scales.volumeScale}`));
    return wholeLots(scales, volume) > 0 ? [{ ...entry, volume: formatDecimal(volume) }] : [];
  });
}
