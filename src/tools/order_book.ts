/** The depth of a market. */

import Big from "big.js";
import { z } from "zod";
import type { AnswerOf } from "../exchange/endpoints.ts";
import { formatDecimal, parseDecimal } from "../money/decimals.ts";
import { isTradable } from "../market/book_walk.ts";
import { CROSSED, isCrossed, spreadOf } from "./best_prices.ts";
import { FRESHNESS, isoTime, LeftOut, leftOut, PairText, Warnings, warningsOf } from "./inputs.ts";
import { defineTool, READS_EXCHANGE } from "./tool.ts";

// Not a tuple: older clients validate answers by JSON Schema draft 7, which has another syntax for tuples.
const BookSide = z.array(z.array(z.string()).length(2)).describe("[price, volume], best first");

/** The tool that reads an order book. */
export const getOrderbook = defineTool({
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
    ...FRESHNESS,
  }),
  async run({ pair, depth }, { exchange, markets, signal }) {
    const market = await markets.resolve(pair, { signal });
    const book = await exchange.call("getOrderBook", { pair: market.market_id }, { signal });
    return toAnswer(market.market_id, book, depth);
  },
  runAtOnce({ pair, depth }, { market, orderBook }) {
    const found = market(pair);
    const book = found && orderBook(found.market_id);
    return found && book && toAnswer(found.market_id, book, depth);
  },
});

function toAnswer(pair: string, book: AnswerOf<"getOrderBook">, depth: number) {
  const [allBids, allAsks] = [book.bids.filter(isTradable), book.asks.filter(isTradable)];
  const untradable = book.bids.length + book.asks.length - allBids.length - allAsks.length;
  const bids = allBids.slice(0, depth);
  const asks = allAsks.slice(0, depth);
  const bidTotals = totals(bids);
  const askTotals = totals(asks);
  return {
    pair,
    bids: bids.map(({ price, volume }) => [price, volume]),
    asks: asks.map(({ price, volume }) => [price, volume]),
    bid_volume: bidTotals.volume,
    bid_value: bidTotals.value,
    ask_volume: askTotals.volume,
    ask_value: askTotals.value,
    ...spreadOf(bids[0]?.price, asks[0]?.price),
    time: isoTime(book.timestamp),
    ...leftOut(book.left_out + untradable),
    ...warningsOf(
      isCrossed(bids[0]?.price, asks[0]?.price) ? CROSSED : undefined,
      book.was_unsorted ? "the exchange sent the levels in another order: they are sorted here" : undefined,
    ),
  };
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
