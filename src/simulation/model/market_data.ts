/**
 * The shapes in which the simulation holds public market data.
 *
 * Prices are whole *ticks* (one tick is 10^-priceScale of the counter currency) and volumes whole *lots* (one lot is
 * 10^-volumeScale of the base currency). Both are integers below 2^53, so sums and comparisons are exact; a product of
 * the two may not be and is left to `Big` or `BigInt`. Times are milliseconds since the Unix epoch.
 */

/** A resting order that anybody can see; `price` in ticks, `volume` in lots. */
export interface BookOrder {
  readonly id: string;
  readonly price: number;
  readonly volume: number;
}

/** Both sides of a book, best price first, one entry per order; equal prices in order of arrival. */
export interface Book {
  readonly bids: readonly BookOrder[];
  readonly asks: readonly BookOrder[];
}

/** A public trade; `isBuy` tells that the taker bought. */
export interface Trade {
  readonly timestamp: number;
  readonly price: number;
  readonly volume: number;
  readonly isBuy: boolean;
}

/** A trade with its place in the market's history; rises by one per trade. */
export interface SequencedTrade extends Trade {
  readonly sequence: number;
}

/** Open, high, low and close in ticks, volume in lots; `timestamp` is the start of the interval. */
export interface Candle {
  readonly timestamp: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/**
 * What the rest of the world quotes and trades: a pure function of seed, market and time. It knows nothing of the
 * orders that accounts place; `tape.ts` and the matching engine add those.
 */
export interface PriceModel {
  /** The quotes of the rest of the world at a moment; constant within one second. */
  bookAt(marketId: string, atMs: number): Book;
  /** The trades of the rest of the world with `fromMs <= timestamp < toMs`, oldest first. */
  tradesBetween(marketId: string, fromMs: number, toMs: number): readonly Trade[];
  /** How many trades `tradesBetween` would answer, for models that count faster than they price. */
  countBetween?(marketId: string, fromMs: number, toMs: number): number;
}

/** Public history of all markets: the model's trades joined by those that accounts made here. */
export interface Tape {
  /** Adds a trade that an account took part in and answers its sequence; times may not run backwards per market. */
  record(marketId: string, trade: Trade): number;
  /** The newest trade at or before `atMs`; history starts 90 days before the simulation, so there always is one. */
  lastTrade(marketId: string, atMs: number): Trade;
  /** At most `limit` trades with `fromMs <= timestamp <= toMs`, newest first. */
  trades(marketId: string, range: { fromMs: number; toMs: number; limit: number }): readonly SequencedTrade[];
  /** Base volume in lots of the 24 hours up to `atMs`. */
  volume24h(marketId: string, atMs: number): number;
  /**
   * Candles that start at or after `sinceMs`, oldest first, at most `limit`, the running one included up to `atMs`.
   * A quiet interval repeats the last close with volume 0.
   */
  candles(
    marketId: string,
    range: { durationMs: number; sinceMs: number; atMs: number; limit: number },
  ): readonly Candle[];
}
