/** Current prices of one pair, or of many. */

import { z } from "zod";
import { parseDecimal } from "../money/decimals.ts";
import type { Ticker } from "../exchange/market_schemas.ts";
import { CROSSED, isCrossed, spreadOf } from "./best_prices.ts";
import {
  fieldsOf,
  FRESHNESS,
  isoTime,
  LeftOut,
  leftOut,
  NextCursor,
  PairText,
  pickFields,
  Warnings,
  warningsOf,
} from "./inputs.ts";
import { chooseMarkets, marketChoice, marketPage, pageOf } from "./market_choice.ts";
import { defineTool, READS_EXCHANGE } from "./tool.ts";
import type { Tool } from "./tool.ts";

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
  output: TickerRow.extend({ base: z.string(), counter: z.string(), warnings: Warnings, ...FRESHNESS }),
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
    ...FRESHNESS,
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

/** Tools that read tickers. */
export const tickerTools: readonly Tool[] = [getCryptoPrice, getAllTickers];

function tickerRow(ticker: Ticker): z.output<typeof TickerRow> {
  const bid = quoted(ticker.bid);
  const ask = quoted(ticker.ask);
  const { mid, spread_percent } = spreadOf(bid ?? undefined, ask ?? undefined);
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

/** An empty side of a book reads "0" on the wire. */
function quoted(price: string): string | null {
  return parseDecimal(price).eq(0) ? null : price;
}
