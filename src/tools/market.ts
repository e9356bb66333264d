/** Public market data; candles need a key on the real exchange, everything else needs none. */

import { z } from "zod";
import type { Market } from "../exchange/market_schemas.ts";
import { candleTools } from "./candles.ts";
import { fieldsOf, FRESHNESS, LeftOut, leftOut, NextCursor, pickFields } from "./inputs.ts";
import { chooseMarkets, marketChoice, marketPage, pageOf } from "./market_choice.ts";
import { getOrderbook } from "./order_book.ts";
import { getRecentTrades } from "./recent_trades.ts";
import { tickerTools } from "./tickers.ts";
import { defineTool, READS_EXCHANGE } from "./tool.ts";
import type { Tool } from "./tool.ts";

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
    ...FRESHNESS,
  }),
  async run({ limit, cursor, fields, status, ...filter }, context) {
    const { markets, leftOut: unread, query } = await chooseMarkets(filter, context);
    const chosen = markets.filter((market) => status === undefined || market.trading_status === status);
    const page = pageOf(chosen, { limit, cursor, query: ["get_market_overview", ...query, status ?? null] });
    const rows = pickFields(page.rows.map(marketRow), fields);
    return { markets: rows, total: chosen.length, ...page.next, ...leftOut(unread) };
  },
});

/** Public market data. */
export const marketTools: readonly Tool[] = [
  ...tickerTools,
  getMarketOverview,
  getOrderbook,
  getRecentTrades,
  ...candleTools,
];

function marketRow(market: Market): z.output<typeof MarketRow> {
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
