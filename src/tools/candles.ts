/** Price history: candles, and what a period's candles add up to. */

import Big from "big.js";
import { z } from "zod";
import { formatDecimal, formatPercent, parseDecimal } from "../money/decimals.ts";
import type { Candle } from "../exchange/schemas.ts";
import {
  fieldsOf,
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
import type { Tool, ToolContext } from "./tool.ts";

/** The intervals that the exchange knows, in seconds. */
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

const DAY_MS = 86_400_000;

/** The name of an interval. */
export type Interval = keyof typeof INTERVALS;

const INTERVAL_NAMES = Object.keys(INTERVALS) as [Interval, ...Interval[]];

/** The most candles that one call of a tool answers. */
export const MAX_CANDLES = 3_000;

/** What the exchange answers at the most for one request. */
const PAGE_SIZE = 1_000;

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
      "present when `count` cut off earlier candles: ask again with this as `to`",
    ),
    left_out: LeftOut,
    warnings: Warnings,
  }),
  async run({ pair, interval, count, from, to, fields }, context) {
    const market = await context.markets.resolve(pair, { signal: context.signal });
    const durationMs = INTERVALS[interval] * 1_000;
    const now = context.now();
    const toMs = to === undefined ? now : Math.min(now, readMoment("to", to));
    const fromMs = from === undefined ? undefined : readMoment("from", from);
    if (fromMs !== undefined && fromMs > toMs) throw new ArgumentError("from", "expected a time before `to` and now");
    const countStart = Math.floor(toMs / durationMs) * durationMs - (count - 1) * durationMs;
    const sinceMs = Math.max(countStart, fromMs ?? 0, 0);
    const { candles, ...remarks } = await readCandles(context, { pair: market.market_id, interval, sinceMs, toMs });
    const cutOff = fromMs !== undefined && Math.ceil(fromMs / durationMs) * durationMs < countStart;
    return {
      pair: market.market_id,
      interval,
      candles: pickFields(candles.map(candleRow), fields),
      ...(cutOff ? { earlier_until: new Date(countStart - 1).toISOString() } : {}),
      ...remarks,
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
    average: z.string().describe("mean of the candles' closing prices"),
    volume: z.string().describe("in base currency"),
    candles: z.int(),
    interval: z.string(),
    left_out: LeftOut,
    warnings: Warnings,
  }),
  async run({ pair, days }, context) {
    const market = await context.markets.resolve(pair, { signal: context.signal });
    const interval: Interval = days <= 40 ? "1h" : "1d";
    const toMs = context.now();
    const sinceMs = Math.max(0, toMs - days * DAY_MS);
    const { candles, ...remarks } = await readCandles(context, { pair: market.market_id, interval, sinceMs, toMs });
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
      average: formatDecimal(sum(candles, "close").div(candles.length).round(8)),
      volume: formatDecimal(sum(candles, "volume")),
      candles: candles.length,
      interval,
      ...remarks,
    };
  },
});

/** Tools that read candles. */
export const candleTools: readonly Tool[] = [getHistoricalPrices, getPriceRange];

/**
 * All candles that start in a period, oldest first. The exchange answers the *earliest* 1000 from a moment on, so this
 * goes on until the period's end.
 */
async function readCandles(
  { exchange, signal }: ToolContext,
  period: { pair: string; interval: Interval; sinceMs: number; toMs: number },
): Promise<{ candles: Candle[]; left_out?: number; warnings?: string[] }> {
  let unread = 0;
  let wasUnsorted = false;
  const all: Candle[] = [];
  const { pair, toMs } = period;
  const duration = INTERVALS[period.interval];
  let since = period.sinceMs;
  const pages = Math.ceil(MAX_CANDLES / PAGE_SIZE) + 1;
  for (let page = 0; page < pages && since <= toMs; page++) {
    const { candles, left_out, was_unsorted } = await exchange.call("getCandles", { pair, since, duration }, {
      signal,
    });
    unread += left_out;
    wasUnsorted ||= was_unsorted;
    all.push(...candles.filter((candle) => candle.timestamp >= since && candle.timestamp <= toMs));
    const last = candles.at(-1);
    if (last === undefined || last.timestamp < since) break;
    since = last.timestamp + duration * 1_000;
  }
  const odd = all.filter(isOdd).length;
  return {
    candles: all,
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

function candleRow(candle: Candle): z.input<typeof CandleRow> {
  const { open, high, low, close, volume } = candle;
  return { time: isoTime(candle.timestamp), open, high, low, close, volume };
}

function sum(candles: readonly Candle[], field: "close" | "volume"): Big {
  return candles.reduce((total, candle) => total.plus(candle[field]), new Big(0));
}

function larger(one: Big, other: Big): Big {
  return one.gte(other) ? one : other;
}

function smaller(one: Big, other: Big): Big {
  return one.lte(other) ? one : other;
}
