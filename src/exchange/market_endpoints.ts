/** Market data. */

import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { Milliseconds, Pair } from "./request_params.ts";
import { CandleList, MarketList, OrderBook, PublicTradeList, Ticker, TickerList } from "./market_schemas.ts";

const OnePair = z.strictObject({ pair: Pair });
const SomePairs = z.strictObject({ pair: z.array(Pair).max(500).optional() });

/** Public data; only candles need a key. */
export const marketEndpoints = {
  /** `timestamp` is the last change of the book, which on a quiet pair may be minutes ago. */
  getTicker: endpoint({
    title: "Read the ticker of one pair",
    method: "GET",
    path: "/api/1/ticker",
    permission: "none",
    priority: "market",
    params: OnePair,
    answer: Ticker,
  }),

  /** All pairs without a filter; unknown pairs are silently omitted. */
  getTickers: endpoint({
    title: "Read the tickers of several pairs",
    method: "GET",
    path: "/api/1/tickers",
    permission: "none",
    priority: "market",
    params: SomePairs,
    answer: TickerList,
  }),

  /** The best 100 price levels of each side, aggregated by price. */
  getOrderBook: endpoint({
    title: "Read the top of an order book",
    method: "GET",
    path: "/api/1/orderbook_top",
    permission: "none",
    priority: "market",
    params: OnePair,
    answer: OrderBook,
  }),

  /** One entry per order, not aggregated; about 1 MB for XBTZAR, so prefer the top. */
  getOrderBookFull: endpoint({
    title: "Read a whole order book",
    method: "GET",
    path: "/api/1/orderbook",
    permission: "none",
    priority: "market",
    params: OnePair,
    answer: OrderBook,
    timeoutMs: 30_000,
  }),

  /** At most 100, newest first; a `since` more than 24 hours ago is refused. */
  listTrades: endpoint({
    title: "List the recent trades of one pair",
    method: "GET",
    path: "/api/1/trades",
    permission: "none",
    priority: "market",
    params: z.strictObject({ pair: Pair, since: Milliseconds.optional() }),
    answer: PublicTradeList,
  }),

  /**
   * The *earliest* 1000 candles from `since`, oldest first: an early `since` never reaches the present, so page forward
   * from the last timestamp plus `duration` (seconds). The only market call that needs a key.
   */
  getCandles: endpoint({
    title: "Read candles of one pair",
    method: "GET",
    path: "/api/exchange/1/candles",
    permission: "any",
    priority: "market",
    params: z.strictObject({
      pair: Pair,
      since: Milliseconds,
      duration: z.literal([60, 300, 900, 1800, 3600, 10_800, 14_400, 28_800, 86_400, 259_200, 604_800]),
    }),
    answer: CandleList,
  }),

  /** Takes about two seconds without a filter; limits change from month to month. */
  getMarkets: endpoint({
    title: "Read the markets and their limits",
    method: "GET",
    path: "/api/exchange/1/markets",
    permission: "none",
    priority: "market",
    params: SomePairs,
    answer: MarketList,
  }),
} as const;
