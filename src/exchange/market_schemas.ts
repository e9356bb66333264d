/** Schemas of market data. `wire_types.ts` has the rules for reading values. */

import { z } from "zod";
import {
  Amount,
  AmountOrZero,
  Code,
  counted,
  Integer,
  IntegerOrZero,
  rows,
  Text,
  Timestamp,
  word,
} from "./wire_types.ts";

/** Best bid, best ask and last trade of one pair; an empty side of the book reads `"0"`. */
export const Ticker = z.object({
  pair: Code,
  timestamp: Timestamp,
  bid: AmountOrZero,
  ask: AmountOrZero,
  last_trade: AmountOrZero,
  /** In base currency. */
  rolling_24_hour_volume: AmountOrZero,
  status: word(["ACTIVE", "POSTONLY", "DISABLED"]),
});
export type Ticker = z.output<typeof Ticker>;

/** Answer of `getTickers`. */
export const TickerList = counted(z.object({ tickers: rows(Ticker) }));
export type TickerList = z.output<typeof TickerList>;

/** One price of a book: a level in the aggregated book, a single order in the full book. */
export const OrderBookEntry = z.object({ price: Amount, volume: Amount });
export type OrderBookEntry = z.output<typeof OrderBookEntry>;

/** Bids from high to low, asks from low to high. */
export const OrderBook = counted(z.object({
  timestamp: Timestamp,
  bids: rows(OrderBookEntry),
  asks: rows(OrderBookEntry),
}));
export type OrderBook = z.output<typeof OrderBook>;

/** A public trade; `is_buy` means that the taker bought. */
export const PublicTrade = z.object({
  sequence: Integer,
  timestamp: Timestamp,
  price: Amount,
  /** In base currency. */
  volume: Amount,
  is_buy: z.boolean(),
});
export type PublicTrade = z.output<typeof PublicTrade>;

/** Answer of `listTrades`, newest first. */
export const PublicTradeList = counted(z.object({ trades: rows(PublicTrade) }));
export type PublicTradeList = z.output<typeof PublicTradeList>;

/** `timestamp` is the start of the interval, `volume` is in base currency. */
export const Candle = z.object({
  timestamp: Timestamp,
  open: Amount,
  high: Amount,
  low: Amount,
  close: Amount,
  volume: AmountOrZero,
});
export type Candle = z.output<typeof Candle>;

/** Answer of `getCandles`, oldest first; `duration` in seconds. */
export const CandleList = counted(z.object({ candles: rows(Candle), pair: Text, duration: IntegerOrZero }));
export type CandleList = z.output<typeof CandleList>;

/** Decimals of a price, a volume or a fee. Real markets have far fewer; the bound keeps arithmetic finite. */
const Scale = Integer.pipe(z.int().min(0).max(30));

/** Decimals of a fee when a market does not give them: those of the smallest amount that Luno keeps. */
const FEE_SCALE = 8;

/** One market: its currencies, and the limits and decimals of an order in it. */
export const Market = z.object({
  /** The pair, such as `XBTZAR`. */
  market_id: Code,
  base_currency: Code,
  counter_currency: Code,
  trading_status: word(["ACTIVE", "POST_ONLY", "SUSPENDED"]),
  /** Smallest order, in base currency. */
  min_volume: Amount,
  max_volume: Amount,
  /** Decimals allowed in a volume. */
  volume_scale: Scale,
  min_price: Amount,
  max_price: Amount,
  /** Decimals allowed in a price. */
  price_scale: Scale,
  fee_scale: z.preprocess((value) => value ?? FEE_SCALE, Scale),
});
export type Market = z.output<typeof Market>;

/** Answer of `getMarkets`. */
export const MarketList = counted(z.object({ markets: rows(Market) }));
export type MarketList = z.output<typeof MarketList>;
