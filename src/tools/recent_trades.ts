/**
 * Public trades, newest first, page by page to the oldest that the exchange returns.
 *
 * The exchange returns at most 100 trades, and since a moment either the oldest or the newest 100; which of them is not
 * documented. So a page takes what it can from the newest 100, which need no moment, and requests earlier ones since
 * moments that it determines itself. When no moment brings earlier trades, the answer says from when on it is complete.
 */

import { z } from "zod";
import { ExchangeError } from "../exchange/errors.ts";
import type { PublicTrade } from "../exchange/market_schemas.ts";
import { type CursorQuery, readCursor, writeCursor } from "./cursor.ts";
import {
  CursorText,
  FRESHNESS,
  isoTime,
  LeftOut,
  leftOut,
  Moment,
  NextCursor,
  PairText,
  readPastMoment,
  rowLimit,
  Warnings,
  warningsOf,
} from "./inputs.ts";
import { ArgumentError, defineTool, READS_EXCHANGE } from "./tool.ts";
import type { ToolContext } from "./tool.ts";

/** The most trades in one answer of the exchange. */
const PAGE_SIZE = 100;

/** How far back the exchange's answers reach. */
const DAY_MS = 86_400_000;

/** How long a request for the oldest trades may take to arrive. */
const ON_THE_WAY_MS = 10_000;

/** The most requests of one page. */
const MAX_REQUESTS = 12;

/** The page continues below this trade; its time is needed to request earlier ones. */
const TradePosition = z.strictObject({ before: z.int(), atMs: z.int().min(0) });

const PublicTradeRow = z.object({
  sequence: z.int(),
  time: z.string().optional(),
  side: z.enum(["BUY", "SELL"]),
  price: z.string(),
  volume: z.string(),
});

/** Reads public trades. */
export const getRecentTrades = defineTool({
  name: "get_recent_trades",
  title: "Recent trades",
  description:
    "Everybody's trades in one pair in the last 24 hours, newest first; side is the taker's. Your own are in get_trade_history.",
  group: "market",
  scope: "market:read",
  annotations: READS_EXCHANGE,
  input: z.strictObject({
    pair: PairText,
    limit: rowLimit({ default: 20, max: PAGE_SIZE }),
    since: Moment.optional().describe("ISO 8601 or Unix ms; at most 24 hours ago"),
    cursor: CursorText.optional(),
  }),
  output: z.object({
    pair: z.string(),
    trades: z.array(PublicTradeRow),
    next_cursor: NextCursor,
    complete_since: z.string().optional().describe("what is earlier cannot be reached"),
    left_out: LeftOut,
    warnings: Warnings,
    ...FRESHNESS,
  }),
  async run({ pair, limit, since, cursor }, context) {
    const market = await context.markets.resolve(pair, { signal: context.signal });
    const sinceMs = since === undefined ? null : readPastMoment("since", since, context.now());
    const reader = new TradeReader(context, { pair: market.market_id, sinceMs: sinceMs ?? 0 });
    // The exchange decides by its own clock whether a moment is too long ago.
    if (sinceMs !== null && sinceMs < context.now() - DAY_MS) await reader.assertAnswered(sinceMs);
    const query: CursorQuery = ["get_recent_trades", market.market_id, sinceMs];
    const position = cursor === undefined ? undefined : readCursor(TradePosition, { cursor, query });
    const { trades, end, reached } = await reader.read(position, limit);
    return {
      pair: market.market_id,
      trades: trades.map(publicTradeRow),
      ...(end === "open" && reached !== undefined ? { next_cursor: writeCursor(reached, query) } : {}),
      ...(end === "stopped" && reached !== undefined ? { complete_since: isoTime(reached.atMs) } : {}),
      ...leftOut(reader.leftOut),
      ...warningsOf(
        reader.wasUnsorted ? "the exchange sent the trades in another order: they are sorted here" : undefined,
      ),
    };
  },
});

type TradePosition = z.output<typeof TradePosition>;

/** Newest first; `open` when more may follow, `stopped` when the exchange does not return earlier trades. */
interface TradePage {
  readonly trades: readonly PublicTrade[];
  readonly end: "all" | "open" | "stopped";
  /** Nothing was read below this. */
  readonly reached: TradePosition | undefined;
}

/** Trades directly below an edge. */
interface Earlier {
  /** `all` of the period, `some` of them, `none` that the exchange returns, or the requests are `spent`. */
  readonly kind: "all" | "some" | "none" | "spent";
  readonly trades: readonly PublicTrade[];
}

const END_AFTER = { all: "all", some: "open", none: "stopped" } as const;

interface TradeAnswer {
  readonly trades: readonly PublicTrade[];
  /** Whether nothing was truncated. */
  readonly isShort: boolean;
}

/** Reads the trades of one pair backwards. */
class TradeReader {
  leftOut = 0;
  wasUnsorted = false;
  readonly #context: ToolContext;
  readonly #pair: string;
  readonly #sinceMs: number;
  /** The earliest moment to request. */
  readonly #floorMs: number;
  #requests = 0;
  #newest = 0;

  constructor(context: ToolContext, { pair, sinceMs }: { readonly pair: string; readonly sinceMs: number }) {
    this.#context = context;
    this.#pair = pair;
    this.#sinceMs = sinceMs;
    this.#floorMs = Math.max(sinceMs, context.now() - DAY_MS + ON_THE_WAY_MS);
  }

  /** The latest `limit` trades below a position. */
  async read(position: TradePosition | undefined, limit: number): Promise<TradePage> {
    const newest = await this.ask();
    this.#newest = newest.trades[0]?.sequence ?? 0;
    const found = newest.trades.filter((trade) => position === undefined || trade.sequence < position.before);
    let edge = edgeOf(found) ?? position;
    let spanMs = spanOf(newest.trades);
    let end: TradePage["end"] = newest.isShort ? "all" : "open";
    while (end === "open" && edge !== undefined && edge.atMs >= this.#floorMs && found.length < limit) {
      const earlier = await this.#earlier(edge, spanMs);
      if (earlier.kind === "spent") break;
      end = END_AFTER[earlier.kind];
      found.push(...earlier.trades);
      edge = edgeOf(earlier.trades) ?? edge;
      spanMs = Math.max(spanMs, spanOf(earlier.trades));
    }
    return this.#page(found, { end, edge, limit });
  }

  #page(
    found: readonly PublicTrade[],
    { end, edge, limit }: { end: TradePage["end"]; edge: TradePosition | undefined; limit: number },
  ): TradePage {
    const period = found.filter(({ timestamp }) => timestamp >= this.#sinceMs);
    const trades = period.slice(0, limit);
    if (period.length > limit) return { trades, end: "open", reached: edgeOf(trades) };
    const isPast = period.length < found.length || (edge !== undefined && edge.atMs < this.#floorMs);
    return { trades, end: end === "open" && isPast ? "all" : end, reached: edge };
  }

  /**
   * Trades directly below `edge`: moves the moment of the request until the answer joins the edge. An answer of the
   * oldest trades may end before the edge; one of the newest may not reach below it, however early the moment.
   */
  async #earlier(edge: TradePosition, spanMs: number): Promise<Earlier> {
    let widthMs = spanMs;
    while (this.#requests < MAX_REQUESTS) {
      const since = Math.max(this.#floorMs, edge.atMs - widthMs);
      const { trades, isShort } = await this.ask(since);
      const below = trades.filter(({ sequence }) => sequence < edge.before);
      const joins = isShort || below.length < trades.length || below[0]?.sequence === edge.before - 1;
      // It is complete when nothing was truncated, or only newer trades were.
      const isComplete = isShort || (trades[0]?.sequence ?? 0) < this.#newest;
      const isFloor = since === this.#floorMs;
      if (joins && isFloor && isComplete) return { kind: "all", trades: below };
      if (joins && below.length > 0) return { kind: "some", trades: below };
      const nextMs = joins ? widthMs * 8 : Math.floor(Math.min(widthMs / 2, spanOf(trades) * 0.8));
      if (joins && isFloor || nextMs < 1) return { kind: "none", trades: [] };
      widthMs = nextMs;
    }
    return { kind: "spent", trades: [] };
  }

  /** @throws {ArgumentError} when the exchange refuses to answer since this moment */
  async assertAnswered(sinceMs: number): Promise<void> {
    try {
      await this.ask(sinceMs);
    } catch (error) {
      if (!(error instanceof ExchangeError) || error.code !== "ERR_ARGUMENT_REFUSED") throw error;
      throw new ArgumentError("since", "expected a time of the last 24 hours: the exchange refuses an earlier one");
    }
  }

  /** One answer of the exchange. */
  async ask(since?: number): Promise<TradeAnswer> {
    this.#requests++;
    const { exchange, signal } = this.#context;
    const params = { pair: this.#pair, ...(since === undefined ? {} : { since }) };
    const { trades, left_out, was_unsorted } = await exchange.call("listTrades", params, { signal });
    this.leftOut += left_out;
    this.wasUnsorted ||= was_unsorted;
    return { trades, isShort: trades.length + left_out < PAGE_SIZE };
  }
}

function edgeOf(trades: readonly PublicTrade[]): TradePosition | undefined {
  const last = trades.at(-1);
  return last && { before: last.sequence, atMs: last.timestamp };
}

/** The time that newest-first trades cover; at least a millisecond. */
function spanOf(trades: readonly PublicTrade[]): number {
  return Math.max(1, (trades[0]?.timestamp ?? 0) - (trades.at(-1)?.timestamp ?? 0));
}

function publicTradeRow(trade: PublicTrade): z.output<typeof PublicTradeRow> {
  const { sequence, price, volume } = trade;
  return { sequence, time: isoTime(trade.timestamp), side: trade.is_buy ? "BUY" : "SELL", price, volume };
}
