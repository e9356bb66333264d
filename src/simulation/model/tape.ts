import { DAY_MS, startOfDay } from "../days.ts";
import type { PriceModel, Tape } from "./market_data.ts";
import { MarketTape } from "./market_tape.ts";

/**
 * The public history of all markets of a model, joined by what accounts trade.
 *
 * History opens at the start of the day (UTC) that lies `historyDays` before `startMs`, with one trade at the best bid
 * of that moment, so that even a market that never trades has a last price. Trades may be recorded from then on, the
 * account's past too, but what a read has shown stays: a trade cannot be recorded before the newest moment that any
 * read or record of its market has named (`RangeError`).
 *
 * Methods also throw a `RangeError` for a market that the model does not have, for a moment before history, and for a
 * candle length that is not in `CANDLE_DURATIONS_S`.
 *
 * @default historyDays 90
 */
export function createTape(options: { model: PriceModel; startMs: number; historyDays?: number }): Tape {
  const { model, startMs, historyDays = 90 } = options;
  const historyMs = startOfDay(startMs - historyDays * DAY_MS);
  const markets = new Map<string, MarketTape>();

  function find(marketId: string): MarketTape {
    const known = markets.get(marketId);
    if (known) return known;
    const opened = new MarketTape(marketId, { model, historyMs });
    markets.set(marketId, opened);
    return opened;
  }

  return {
    record: (marketId, trade) => find(marketId).record(trade),
    lastTrade: (marketId, atMs) => find(marketId).lastTrade(atMs),
    trades: (marketId, range) => find(marketId).trades(range),
    volume24h: (marketId, atMs) => find(marketId).volume24h(atMs),
    candles: (marketId, range) => find(marketId).candles(range),
  };
}
