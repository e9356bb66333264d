/** One market from its stream: book, ticker, trades and the current candle, each computed on demand. */

import type { AnswerOf, ParamsOf } from "../../exchange/endpoints.ts";
import type { Side } from "../../exchange/stream/book_side.ts";
import type { MarketChange, MarketFeed } from "../../exchange/stream/market_feed.ts";
import type { OrderBook } from "../../exchange/stream/order_book.ts";
import type { Ticker } from "../../exchange/market_schemas.ts";
import type { Reading } from "../reading.ts";
import { LiveReading, UNHEARD_MS } from "./live_reading.ts";
import { runningCandle } from "./running_candle.ts";
import { TradeLog } from "./trade_log.ts";

/** The parts of a market that can change; each corresponds to one resource. */
export const MARKET_TOPICS = ["ticker", "orderbook", "trades", "candles"] as const;

/** One of {@linkcode MARKET_TOPICS}. */
export type MarketTopic = (typeof MARKET_TOPICS)[number];

/** Parts of a live market. */
export interface LiveMarketParts {
  readonly pair: string;
  readonly stream: Pick<MarketFeed, "book" | "isLive" | "heardAt">;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the Unix epoch. */
  readonly wallClock: () => number;
}

/** Levels per side in the short form of a book. */
const TOP_LEVELS = 100;

/** How often the part of a ticker that the stream lacks (the volume of a day) is requested while it is being read. */
const TICKER_MS = 60_000;

/** The most readings kept between two updates; candles have one per period. */
const MAX_READINGS = 100;

/** How long an old book is used while the exchange is unreachable. */
const LONGEST_LAPSE_MS = 600_000;

type Name = "getTicker" | "getOrderBook" | "getOrderBookFull" | "listTrades";

/** The present state of one market. */
export class LiveMarket {
  readonly #parts: LiveMarketParts;
  readonly #trades = new TradeLog();
  readonly #readings = new Map<string, LiveReading<unknown>>();
  /** The exchange's own ticker, read while the stream was live. */
  #ticker: Reading<Ticker> | undefined;
  /** The latest of those, also from before the stream was lost. */
  #lastTicker: Reading<Ticker> | undefined;
  #touch = "";

  constructor(parts: LiveMarketParts) {
    this.#parts = parts;
  }

  /** Whether the stream is live and was heard recently. */
  get isFresh(): boolean {
    const { stream, now } = this.#parts;
    return stream.isLive && now() - stream.heardAt < UNHEARD_MS;
  }

  /** Time since the exchange last confirmed this state, in milliseconds; infinite before the first snapshot. */
  get ageMs(): number {
    return this.#parts.now() - this.#parts.stream.heardAt;
  }

  /** The sequence of the latest update; `undefined` before the first snapshot. */
  get sequence(): bigint | undefined {
    return this.#parts.stream.book?.sequence;
  }

  /** Applies a change of the stream. */
  take({ isNew, isEmpty, trades }: MarketChange): void {
    if (isNew) {
      this.#trades.clear();
      this.#ticker = undefined;
    }
    if (isEmpty) return;
    this.#trades.add(trades);
    this.#endReadings();
  }

  /** The topics that a change affects. */
  topicsOf({ isNew, isEmpty, trades, status }: MarketChange): readonly MarketTopic[] {
    if (isEmpty) return [];
    const touch = `${this.#best("bid")} ${this.#best("ask")} ${status} ${this.#trades.newest?.sequence}`;
    const isTickerChanged = touch !== this.#touch;
    this.#touch = touch;
    return [
      ...(isTickerChanged ? ["ticker"] as const : []),
      "orderbook",
      ...(trades.length > 0 || isNew ? ["trades", "candles"] as const : []),
    ];
  }

  /** The stream was lost: no reading of it may be reused. */
  lose(): void {
    this.#endReadings();
  }

  /** The best price levels, or every order. */
  orderBook(name: "getOrderBook" | "getOrderBookFull"): Reading<AnswerOf<"getOrderBook">> | undefined {
    return this.#reading(name, (book) => this.#bookAnswer(book, name));
  }

  /** The ticker; `undefined` while the exchange's own is missing, or older than a minute. */
  ticker(): Reading<Ticker> | undefined {
    const base = this.#ticker;
    if (base === undefined || this.#parts.now() - base.asOfMs > TICKER_MS) return undefined;
    return this.#reading("getTicker", (book) => this.#tickerAnswer(book, base.answer));
  }

  /** Takes the parts from the exchange's own ticker that the stream lacks. */
  noteTicker(reading: Reading<Ticker>): void {
    if (!this.#parts.stream.isLive) return;
    this.#ticker = this.#lastTicker = reading;
    this.#readings.get("getTicker")?.end();
    this.#readings.delete("getTicker");
  }

  /** The latest hundred trades; `undefined` before the exchange's own answer was taken. */
  trades(): Reading<AnswerOf<"listTrades">> | undefined {
    const page = this.#trades.page(this.#parts.wallClock());
    if (page === undefined) return undefined;
    return this.#reading("listTrades", () => ({ trades: [...page], left_out: 0, was_unsorted: false }));
  }

  /** Takes the exchange's answer for trades before the stream's. */
  noteTrades({ answer }: Reading<AnswerOf<"listTrades">>): void {
    if (this.#parts.stream.isLive && answer.left_out === 0 && !answer.was_unsorted) this.#trades.join(answer.trades);
  }

  /** Appends the current candle to closed ones; `undefined` when that needs trades that are not known. */
  candles(
    { pair, duration }: ParamsOf<"getCandles">,
    closed: readonly AnswerOf<"getCandles">["candles"][number][],
    key: string,
  ): Reading<AnswerOf<"getCandles">> | undefined {
    const last = closed.at(-1);
    const startMs = (last?.timestamp ?? NaN) + duration * 1_000;
    if (!(this.#latestMs() < startMs + duration * 1_000)) return undefined;
    const candle = runningCandle({ startMs, close: last?.close, trades: this.#trades.since(startMs) });
    if (candle === undefined) return undefined;
    const candles = [...closed, candle];
    return this.#reading(key, () => ({ pair, duration, candles, left_out: 0, was_unsorted: false }));
  }

  /** The latest time known from the exchange or this machine's clock; milliseconds since the Unix epoch. */
  #latestMs(): number {
    const { stream, wallClock } = this.#parts;
    return Math.max(wallClock(), stream.book?.timestamp ?? 0, this.#trades.newest?.timestamp ?? 0);
  }

  /** The last known state, for as long as it may replace an answer of the exchange. */
  lapsed(name: Name): Reading<unknown> | undefined {
    const { stream, now } = this.#parts;
    const { book } = stream;
    const base = name === "getTicker" ? this.#lastTicker : undefined;
    const asOfMs = Math.min(stream.heardAt, base?.asOfMs ?? Infinity);
    if (book === undefined || now() - asOfMs > LONGEST_LAPSE_MS) return undefined;
    const answer = this.#lastAnswer(name, book);
    if (answer === undefined) return undefined;
    return { answer, source: "stream", asOfMs, staleAtMs: now() + 1_000 };
  }

  #lastAnswer(name: Name, book: OrderBook): unknown {
    if (name === "getTicker") return this.#lastTicker && this.#tickerAnswer(book, this.#lastTicker.answer);
    if (name !== "listTrades") return this.#bookAnswer(book, name);
    const page = this.#trades.page(this.#parts.wallClock());
    return page && { trades: page, left_out: 0, was_unsorted: false };
  }

  #reading<Answer>(key: string, make: (book: OrderBook) => Answer): Reading<Answer> | undefined {
    const { stream } = this.#parts;
    const { book } = stream;
    if (book === undefined || !this.isFresh) return undefined;
    const known = this.#readings.get(key);
    // Each key belongs to one kind of answer.
    if (known !== undefined) return known as LiveReading<Answer>;
    if (this.#readings.size >= MAX_READINGS) this.#endReadings();
    const made = new LiveReading(make(book), () => stream.heardAt);
    this.#readings.set(key, made);
    return made;
  }

  #endReadings(): void {
    for (const reading of this.#readings.values()) reading.end();
    this.#readings.clear();
  }

  #bookAnswer(book: OrderBook, name: "getOrderBook" | "getOrderBookFull"): AnswerOf<"getOrderBook"> {
    const side = (side: Side) => name === "getOrderBook" ? book.top(side, TOP_LEVELS) : book.orders(side);
    return { timestamp: book.timestamp, bids: side("bid"), asks: side("ask"), left_out: 0, was_unsorted: false };
  }

  #tickerAnswer(book: OrderBook, base: Ticker): Ticker {
    return {
      ...base,
      pair: this.#parts.pair,
      timestamp: book.timestamp,
      bid: this.#best("bid"),
      ask: this.#best("ask"),
      last_trade: this.#trades.newest?.price ?? base.last_trade,
      status: book.status,
    };
  }

  /** An empty side reads "0", as in the exchange's ticker. */
  #best(side: Side): string {
    return this.#parts.stream.book?.best(side)?.price ?? "0";
  }
}
