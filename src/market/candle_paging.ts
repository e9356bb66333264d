/** Reads all candles of a period, over as many pages as that takes. */

import type { Candle } from "../exchange/market_schemas.ts";
import type { Exchange } from "./exchange_port.ts";

/** The exchange's intervals, in seconds. */
export const INTERVALS = {
  "1m": 60,
  "5m": 300,
  "15m": 900,
  "30m": 1_800,
  "1h": 3_600,
  "3h": 10_800,
  "4h": 14_400,
  "8h": 28_800,
  "1d": 86_400,
  "3d": 259_200,
  "7d": 604_800,
} as const;

/** The name of an interval. */
export type Interval = keyof typeof INTERVALS;

/** The most candles of one period. */
export const MAX_CANDLES = 3_000;

/** The most candles in one answer of the exchange. */
const PAGE_SIZE = 1_000;

/** The candles to read; times in milliseconds since the Unix epoch, both ends included. */
export interface CandlePeriod {
  readonly pair: string;
  readonly interval: Interval;
  readonly sinceMs: number;
  readonly toMs: number;
}

/** Candles that start in a period, oldest first. */
export interface PeriodCandles {
  readonly candles: readonly Candle[];
  /** The number of unreadable candles. */
  readonly leftOut: number;
  /** Whether the exchange sent some in another order. */
  readonly wasUnsorted: boolean;
}

/**
 * Reads the candles of a period. The exchange returns the *earliest* 1000 from a moment on, so this continues from the
 * last one until the period's end.
 *
 * @throws {ExchangeError} when a page cannot be read
 */
export async function readCandles(
  exchange: Pick<Exchange, "call">,
  { pair, interval, sinceMs, toMs }: CandlePeriod,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<PeriodCandles> {
  const duration = INTERVALS[interval];
  const all: Candle[] = [];
  let leftOut = 0;
  let wasUnsorted = false;
  let since = sinceMs;
  const pages = Math.ceil(MAX_CANDLES / PAGE_SIZE) + 1;
  for (let page = 0; page < pages && since <= toMs; page++) {
    const answer = await exchange.call("getCandles", { pair, since, duration }, { signal });
    leftOut += answer.left_out;
    wasUnsorted ||= answer.was_unsorted;
    all.push(...answer.candles.filter(({ timestamp }) => timestamp >= since && timestamp <= toMs));
    const last = answer.candles.at(-1);
    if (last === undefined || last.timestamp < since) break;
    since = last.timestamp + duration * 1_000;
  }
  return { candles: all, leftOut, wasUnsorted };
}
