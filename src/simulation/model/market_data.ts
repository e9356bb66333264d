/**
 * The types of the simulation's public market data.
 *
 * Prices are whole *ticks* (one tick is 10^-priceScale of the counter currency) and volumes whole *lots* (one lot is
 * 10^-volumeScale of the base currency). Both are integers below 2^53, so sums and comparisons are exact; a product of
 * the two may not be and is left to `Big` or `BigInt`. Times are milliseconds since the Unix epoch.
 */

/** A public resting order; `price` in ticks, `volume` in lots. */
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

/** A public trade; `isBuy` means that the taker bought. */
export interface Trade {
  readonly timestamp: number;
  readonly price: number;
  readonly volume: number;
  readonly isBuy: boolean;
}

/** A trade with its sequence in the market, which increases by one per trade. */
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
 * The quotes and trades of others: a pure function of seed, market and time. It knows nothing of accounts' orders;
 * `tape.ts` and the matching engine add those.
 */
export interface PriceModel {
  /** The quotes of others at a time; constant within one second. */
  bookAt(marketId: string, atMs: number): Book;
  /** The trades of others with `fromMs <= timestamp < toMs`, oldest first. */
  tradesBetween(marketId: string, fromMs: number, toMs: number): readonly Trade[];
  /** The number of trades that `tradesBetween` would return, for models that count faster than they price. */
  countBetween?(marketId: string, fromMs: number, toMs: number): number;
}

/** The public history of all markets: the model's trades and those of accounts. */
export interface Tape {
  /** Adds a trade of an account and returns its sequence; times may not run backwards per market. */
  record(marketId: string, trade: Trade): number;
  /** The latest trade at or before `atMs`; history starts 90 days before the simulation, so there always is one. */
  lastTrade(marketId: string, atMs: number): Trade;
  /** At most `limit` trades with `fromMs <= timestamp <= toMs`, newest first. */
  trades(marketId: string, range: { fromMs: number; toMs: number; limit: number }): readonly SequencedTrade[];
  /** Base volume in lots of the 24 hours up to `atMs`. */
  volume24h(marketId: string, atMs: number): number;
  /**
   * Candles that start at or after `sinceMs`, oldest first, at most `limit`, including the current one up to `atMs`. An
   * interval without trades repeats the last close with volume 0.
   */
  candles(
    marketId: string,
    range: { durationMs: number; sinceMs: number; atMs: number; limit: number },
  ): readonly Candle[];
}
