/** Price history: candles, and statistics of a period. */

import type Big from "big.js";
import { z } from "zod";
import { formatDecimal, formatPercent, parseDecimal } from "../money/decimals.ts";
import { sumOf } from "../money/rounding.ts";
import type { Candle } from "../exchange/market_schemas.ts";
import { INTERVALS, MAX_CANDLES, readCandles } from "../market/candle_paging.ts";
import type { Interval, PeriodCandles } from "../market/candle_paging.ts";
import {
  currently,
  fieldsOf,
  FRESHNESS,
  isoTime,
  LeftOut,
  leftOut,
  Moment,
  PairText,
  pickFields,
  readMoment,
  Warnings,
  warningsOf,
} from "./inputs.ts";
import { ArgumentError, defineTool, READS_EXCHANGE } from "./tool.ts";
import type { Tool } from "./tool.ts";

const DAY_MS = 86_400_000;

const INTERVAL_NAMES = Object.keys(INTERVALS) as [Interval, ...Interval[]];

const CANDLE_FIELDS = ["time", "open", "high", "low", "close", "volume"] as const;

const CandleRow = z.object({
  time: z.string().optional(),
  open: z.string(),
  high: z.string(),
  low: z.string(),
  close: z.string(),
  volume: z.string(),
});

const getHistoricalPrices = defineTool({
  name: "get_historical_prices",
  title: "Price history (candles)",
  description:
    "Price history of one pair for a chart: the latest candles (OHLC, volume) up to `to` (default now), oldest first; the running one is included. Needs an API key on the real exchange.",
  group: "market",
  scope: "market:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    pair: PairText,
    interval: z.enum(INTERVAL_NAMES).default("1h"),
    count: z.int().min(1).max(MAX_CANDLES).default(24),
    from: Moment.optional().describe("ISO 8601 or Unix ms; none earlier, still at most `count`"),
    to: Moment.optional().describe("none later"),
    fields: fieldsOf(CANDLE_FIELDS),
  }),
  output: z.object({
    pair: z.string(),
    interval: z.string(),
    candles: z.array(CandleRow.partial()),
    earlier_until: z.string().optional().describe(
      "earlier candles were cut off: ask with this as `to`",
    ),
    left_out: LeftOut,
    warnings: Warnings,
    ...FRESHNESS,
  }),
  async run({ pair, interval, count, from, to, fields }, context) {
    const market = await context.markets.resolve(pair, { signal: context.signal });
    const durationMs = INTERVALS[interval] * 1_000;
    const now = context.now();
    const toMs = to === undefined ? now : Math.min(now, readMoment("to", to));
    const fromMs = from === undefined ? undefined : readMoment("from", from);
    if (from !== undefined && fromMs !== undefined && fromMs > toMs) {
      throw new ArgumentError("from", `expected a time before \`to\` and now${currently(from)}`);
    }
    const countStart = Math.floor(toMs / durationMs) * durationMs - (count - 1) * durationMs;
    const sinceMs = Math.max(countStart, fromMs ?? 0, 0);
    const read = await readCandles(context.exchange, { pair: market.market_id, interval, sinceMs, toMs }, context);
    const cutOff = fromMs !== undefined && Math.ceil(fromMs / durationMs) * durationMs < countStart;
    return {
      pair: market.market_id,
      interval,
      candles: pickFields(read.candles.map(candleRow), fields),
      ...(cutOff ? { earlier_until: new Date(countStart - 1).toISOString() } : {}),
      ...remarksOn(read),
    };
  },
});

const getPriceRange = defineTool({
  name: "get_price_range",
  title: "Price range",
  description:
    "How the price of one pair moved over the last 1 to 365 days: open, high, low, close, change, average, volume. Needs an API key on the real exchange.",
  group: "market",
  scope: "market:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({ pair: PairText, days: z.int().min(1).max(365).default(30) }),
  output: z.object({
    pair: z.string(),
    days: z.int(),
    from: z.string().optional(),
    to: z.string().optional(),
    open: z.string(),
    high: z.string(),
    low: z.string(),
    close: z.string(),
    change: z.string(),
    change_percent: z.string().nullable(),
    average: z.string().describe("mean of closing prices"),
    volume: z.string().describe("in base currency"),
    candles: z.int(),
    interval: z.string(),
    left_out: LeftOut,
    warnings: Warnings,
    ...FRESHNESS,
  }),
  async run({ pair, days }, context) {
    const market = await context.markets.resolve(pair, { signal: context.signal });
    const interval: Interval = days <= 40 ? "1h" : "1d";
    const toMs = context.now();
    const sinceMs = Math.max(0, toMs - days * DAY_MS);
    const read = await readCandles(context.exchange, { pair: market.market_id, interval, sinceMs, toMs }, context);
    const { candles } = read;
    const first = candles[0];
    const last = candles.at(-1);
    if (first === undefined || last === undefined) {
      throw new ArgumentError(
        "days",
        `expected a period with trades: ${market.market_id} has no candles in the last ${days} days`,
      );
    }
    const change = parseDecimal(last.close).minus(first.open);
    return {
      pair: market.market_id,
      days,
      from: isoTime(first.timestamp),
      to: isoTime(toMs),
      open: first.open,
      high: formatDecimal(candles.map((candle) => parseDecimal(candle.high)).reduce(larger)),
      low: formatDecimal(candles.map((candle) => parseDecimal(candle.low)).reduce(smaller)),
      close: last.close,
      change: formatDecimal(change),
      change_percent: formatPercent(change, parseDecimal(first.open)),
      average: formatDecimal(sumOf(candles.map(({ close }) => parseDecimal(close))).div(candles.length).round(8)),
      volume: formatDecimal(sumOf(candles.map(({ volume }) => parseDecimal(volume)))),
      candles: candles.length,
      interval,
      ...remarksOn(read),
    };
  },
});

/** Tools that read candles. */
export const candleTools: readonly Tool[] = [getHistoricalPrices, getPriceRange];

/** Remarks on candles. */
function remarksOn(
  { candles, leftOut: unread, wasUnsorted }: PeriodCandles,
): { left_out?: number; warnings?: string[] } {
  const odd = candles.filter(isOdd).length;
  return {
    ...leftOut(unread),
    ...warningsOf(
      wasUnsorted ? "the exchange sent the candles in another order: they are sorted here" : undefined,
      odd > 0
        ? `${odd} candles open or close outside of their own low and high, or have a high below their low`
        : undefined,
    ),
  };
}

/** Tells whether a candle contradicts itself. */
function isOdd({ open, high, low, close }: Candle): boolean {
  return [open, close, high].some((price) => parseDecimal(price).lt(low)) ||
    [open, close].some((price) => parseDecimal(price).gt(high));
}

function candleRow(candle: Candle): z.output<typeof CandleRow> {
  const { open, high, low, close, volume } = candle;
  return { time: isoTime(candle.timestamp), open, high, low, close, volume };
}

function larger(one: Big, other: Big): Big {
  return one.gte(other) ? one : other;
}

function smaller(one: Big, other: Big): Big {
  return one.lte(other) ? one : other;
}
