import { DAY_MS, startOfDay } from "../days.ts";
import type { PriceModel, Tape } from "./market_data.ts";
import { MarketTape } from "./market_tape.ts";

/**
 * The public history of all markets of a model, including trades of accounts.
 *
 * History opens at the start of the UTC day that lies `historyDays` before `startMs`, with one trade at the best bid of
 * that time, so that even a market that never trades has a last price. Trades may be recorded from then on, including
 * the account's history, but reads are final: a trade cannot be recorded before the latest time that any read or record
 * of its market has used (`RangeError`).
 *
 * Methods also throw a `RangeError` for an unknown market, for a time before the history, and for a candle length that
 * is not in `CANDLE_DURATIONS_S`.
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
