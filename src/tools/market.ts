/** Public market data; candles need a key on the real exchange, everything else needs none. */

import Big from "big.js";
import { z } from "zod";
import { formatDecimal, formatPercent, parseDecimal } from "../money/decimals.ts";
import type { Market, Ticker } from "../exchange/schemas.ts";
import { type CursorQuery, readCursor, writeCursor } from "./cursor.ts";
import { candleTools } from "./candles.ts";
import {
  CurrencyText,
  CursorText,
  fieldsOf,
  isoTime,
  LeftOut,
  leftOut,
  NextCursor,
  PairText,
  pickFields,
  rowLimit,
  Warnings,
  warningsOf,
} from "./inputs.ts";
import { getRecentTrades } from "./recent_trades.ts";
import { defineTool, READS_EXCHANGE } from "./tool.ts";
import type { Tool, ToolContext } from "./tool.ts";

/** Which markets to answer; all where nothing is chosen. */
const marketChoice = {
  pairs: z.array(PairText).min(1).max(200).optional(),
  currency: CurrencyText.optional(),
};

const marketPage = {
  limit: rowLimit({ default: 50, max: 500 }),
  cursor: CursorText.optional(),
};

const TICKER_FIELDS = ["pair", "bid", "ask", "mid", "last", "spread_percent", "volume_24h", "status", "time"] as const;

const TickerRow = z.object({
  pair: z.string(),
  bid: z.string().nullable(),
  ask: z.string().nullable(),
  mid: z.string().nullable(),
  last: z.string(),
  spread_percent: z.string().nullable(),
  volume_24h: z.string(),
  status: z.string(),
  time: z.string().optional(),
});

const getCryptoPrice = defineTool({
  name: "get_crypto_price",
  title: "Current price",
  description:
    "Current price (ticker) of one pair, such as bitcoin in rand: bid, ask, spread, last trade, 24-hour volume. Prices are counter per base, volume is base. For many pairs use get_all_tickers.",
  group: "market",
  scope: "market:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({ pair: PairText }),
  output: TickerRow.extend({ base: z.string(), counter: z.string(), warnings: Warnings }),
  async run({ pair }, { exchange, markets, signal }) {
    const market = await markets.resolve(pair, { signal });
    const ticker = await exchange.call("getTicker", { pair: market.market_id }, { signal });
    const row = tickerRow(ticker);
    const crossed = isCrossed(row.bid, row.ask) ? CROSSED : undefined;
    return { ...row, base: market.base_currency, counter: market.counter_currency, ...warningsOf(crossed) };
  },
});

const getAllTickers = defineTool({
  name: "get_all_tickers",
  title: "Prices of many pairs",
  description:
    "Current prices (tickers) of many pairs at once, by pair name, to compare markets; filter by pairs or by a currency on either side.",
  group: "market",
  scope: "market:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    ...marketChoice,
    ...marketPage,
    fields: fieldsOf(TICKER_FIELDS),
  }),
  output: z.object({
    tickers: z.array(TickerRow.partial()),
    total: z.int(),
    next_cursor: NextCursor,
    left_out: LeftOut,
    warnings: Warnings,
  }),
  async run({ limit, cursor, fields, ...filter }, context) {
    const chosen = await chooseMarkets(filter, context);
    const page = pageOf(chosen.markets, { limit, cursor, query: ["get_all_tickers", ...chosen.query] });
    const pair = page.rows.map((market) => market.market_id);
    const { tickers, left_out } = pair.length === 0
      ? { tickers: [], left_out: 0 }
      : await context.exchange.call("getTickers", { pair }, { signal: context.signal });
    const rows = tickers.map(tickerRow).toSorted((one, other) => one.pair < other.pair ? -1 : 1);
    const missing = pair.length - rows.length;
    const crossed = rows.filter(({ bid, ask }) => isCrossed(bid, ask)).map(({ pair }) => pair);
    return {
      tickers: pickFields(rows, fields),
      total: chosen.markets.length - missing,
      ...page.next,
      ...leftOut(left_out + chosen.leftOut),
      ...warningsOf(
        missing > left_out ? `the exchange sent no ticker of ${missing - left_out} markets` : undefined,
        crossed.length > 0 ? `${CROSSED}: ${crossed.join(", ")}` : undefined,
      ),
    };
  },
});

const MARKET_FIELDS = [
  "pair",
  "base",
  "counter",
  "status",
  "min_volume",
  "max_volume",
  "volume_scale",
  "min_price",
  "max_price",
  "price_scale",
  "fee_scale",
] as const;

const MarketRow = z.object({
  pair: z.string(),
  base: z.string(),
  counter: z.string(),
  status: z.string(),
  min_volume: z.string(),
  max_volume: z.string(),
  volume_scale: z.int(),
  min_price: z.string(),
  max_price: z.string(),
  price_scale: z.int(),
  fee_scale: z.int(),
});

const getMarketOverview = defineTool({
  name: "get_market_overview",
  title: "Markets and their rules",
  description:
    "Which pairs can be traded and their rules: status, smallest and largest order (base), price limits, allowed decimals (scales). Prices are in get_all_tickers.",
  group: "market",
  scope: "market:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    ...marketChoice,
    status: z.enum(["ACTIVE", "POST_ONLY", "SUSPENDED", "UNKNOWN"]).optional(),
    ...marketPage,
    fields: fieldsOf(MARKET_FIELDS),
  }),
  output: z.object({
    markets: z.array(MarketRow.partial()),
    total: z.int(),
    next_cursor: NextCursor,
    left_out: LeftOut,
  }),
  async run({ limit, cursor, fields, status, ...filter }, context) {
    const { markets, leftOut: unread, query } = await chooseMarkets(filter, context);
    const chosen = markets.filter((market) => status === undefined || market.trading_status === status);
    const page = pageOf(chosen, { limit, cursor, query: ["get_market_overview", ...query, status ?? null] });
    const rows = pickFields(page.rows.map(marketRow), fields);
    return { markets: rows, total: chosen.length, ...page.next, ...leftOut(unread) };
  },
});

// Not a tuple: older clients check answers by JSON Schema draft 7, which writes tuples in another way.
const BookSide = z.array(z.array(z.string()).length(2)).describe("[price, volume], best first");

const getOrderbook = defineTool({
  name: "get_orderbook",
  title: "Order book",
  description:
    "Market depth of one pair: resting bids and asks by price level, best first, with totals over the levels shown, spread and mid price.",
  group: "market",
  scope: "market:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({ pair: PairText, depth: z.int().min(1).max(100).default(10).describe("levels a side") }),
  output: z.object({
    pair: z.string(),
    bids: BookSide,
    asks: BookSide,
    bid_volume: z.string(),
    bid_value: z.string().describe("in counter currency"),
    ask_volume: z.string(),
    ask_value: z.string(),
    spread: z.string().nullable(),
    spread_percent: z.string().nullable(),
    mid: z.string().nullable(),
    time: z.string().optional(),
    left_out: LeftOut,
    warnings: Warnings,
  }),
  async run({ pair, depth }, { exchange, markets, signal }) {
    const market = await markets.resolve(pair, { signal });
    const book = await exchange.call("getOrderBook", { pair: market.market_id }, { signal });
    const bids = book.bids.slice(0, depth);
    const asks = book.asks.slice(0, depth);
    const bidTotals = totals(bids);
    const askTotals = totals(asks);
    return {
      pair: market.market_id,
      bids: bids.map(({ price, volume }) => [price, volume]),
      asks: asks.map(({ price, volume }) => [price, volume]),
      bid_volume: bidTotals.volume,
      bid_value: bidTotals.value,
      ask_volume: askTotals.volume,
      ask_value: askTotals.value,
      ...touch(bids[0]?.price, asks[0]?.price),
      time: isoTime(book.timestamp),
      ...leftOut(book.left_out),
      ...warningsOf(
        isCrossed(bids[0]?.price, asks[0]?.price) ? CROSSED : undefined,
        book.was_unsorted ? "the exchange sent the levels in another order: they are sorted here" : undefined,
      ),
    };
  },
});

/** Public market data. */
export const marketTools: readonly Tool[] = [
  getCryptoPrice,
  getAllTickers,
  getMarketOverview,
  getOrderbook,
  getRecentTrades,
  ...candleTools,
];

interface MarketFilter {
  readonly pairs?: readonly string[] | undefined;
  readonly currency?: string | undefined;
}

/** The markets that a filter means, and what tells it from other filters. */
interface ChosenMarkets {
  readonly markets: readonly Market[];
  /** Markets that may have been meant and cannot be read. */
  readonly leftOut: number;
  readonly query: readonly [pairs: readonly string[] | null, currency: string | null];
}

async function chooseMarkets(filter: MarketFilter, { markets, signal }: ToolContext): Promise<ChosenMarkets> {
  const currency = filter.currency === undefined
    ? undefined
    : await markets.resolveCurrency(filter.currency, { signal });
  const candidates = filter.pairs === undefined
    ? await markets.list({ signal })
    : await Promise.all(filter.pairs.map((pair) => markets.resolve(pair, { signal })));
  const chosen = [...new Map(candidates.map((market) => [market.market_id, market])).values()]
    .filter((market) => currency === undefined || [market.base_currency, market.counter_currency].includes(currency))
    .toSorted((one, other) => one.market_id < other.market_id ? -1 : 1);
  const pairs = filter.pairs === undefined ? null : chosen.map((market) => market.market_id);
  const leftOut = filter.pairs === undefined ? markets.leftOut : 0;
  return { markets: chosen, leftOut, query: [pairs, currency ?? null] };
}

const PairPosition = z.strictObject({ after: z.string().max(20) });

function pageOf(
  sorted: readonly Market[],
  { limit, cursor, query }: { limit: number; cursor: string | undefined; query: CursorQuery },
): { rows: readonly Market[]; next: { next_cursor?: string } } {
  const after = cursor === undefined ? "" : readCursor(PairPosition, { cursor, query }).after;
  const rest = sorted.filter((market) => market.market_id > after);
  const rows = rest.slice(0, limit);
  const last = rows.at(-1);
  const next = last !== undefined && rest.length > limit
    ? { next_cursor: writeCursor({ after: last.market_id }, query) }
    : {};
  return { rows, next };
}

function tickerRow(ticker: Ticker): z.input<typeof TickerRow> {
  const bid = quoted(ticker.bid);
  const ask = quoted(ticker.ask);
  const { mid, spread_percent } = touch(bid ?? undefined, ask ?? undefined);
  return {
    pair: ticker.pair,
    bid,
    ask,
    mid,
    last: ticker.last_trade,
    spread_percent,
    volume_24h: ticker.rolling_24_hour_volume,
    status: ticker.status,
    time: isoTime(ticker.timestamp),
  };
}

function marketRow(market: Market): z.input<typeof MarketRow> {
  return {
    pair: market.market_id,
    base: market.base_currency,
    counter: market.counter_currency,
    status: market.trading_status,
    min_volume: market.min_volume,
    max_volume: market.max_volume,
    volume_scale: market.volume_scale,
    min_price: market.min_price,
    max_price: market.max_price,
    price_scale: market.price_scale,
    fee_scale: market.fee_scale,
  };
}

/** An empty side of a book reads "0" on the wire. */
function quoted(price: string): string | null {
  return parseDecimal(price).eq(0) ? null : price;
}

const CROSSED = "the book is crossed: its best bid is not below its best ask, so spread and mid mean little";

function isCrossed(bid: string | null = null, ask: string | null = null): boolean {
  return bid !== null && ask !== null && parseDecimal(bid).gte(ask);
}

function touch(
  bid: string | undefined,
  ask: string | undefined,
): Record<"mid" | "spread" | "spread_percent", string | null> {
  if (bid === undefined || ask === undefined) return { mid: null, spread: null, spread_percent: null };
  const best = { bid: parseDecimal(bid), ask: parseDecimal(ask) };
  const mid = best.bid.plus(best.ask).times("0.5");
  const spread = best.ask.minus(best.bid);
  return { mid: formatDecimal(mid), spread: formatDecimal(spread), spread_percent: formatPercent(spread, mid, 4) };
}

function totals(levels: readonly { price: string; volume: string }[]): { volume: string; value: string } {
  let volume = new Big(0);
  let value = new Big(0);
  for (const level of levels) {
    volume = volume.plus(level.volume);
    value = value.plus(parseDecimal(level.price).times(level.volume));
  }
  return { volume: formatDecimal(volume), value: formatDecimal(value) };
}
