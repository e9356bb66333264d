import { CANDLE_DURATIONS_S, CandleSeries } from "./candles.ts";
import { DayLog } from "./day_log.ts";
import { DAY_MS, startOfDay } from "../days.ts";
import type { Candle, PriceModel, SequencedTrade, Trade } from "./market_data.ts";
import { seedFor } from "../random.ts";

/** The number of days kept trade by trade; enough for 1000 candles of five minutes. */
const MAX_DAY_LOGS = 6;

/** Past days are summarized in candles of this length, from which longer ones are built. */
const SUMMARY_MS = 900_000;

/** The history's first sequence is between this and ten times as much. */
const LOWEST_SEQUENCE = 1_000_000;

/** The permanent summary of a past day. */
interface DaySummary {
  readonly count: number;
  readonly last: Trade | undefined;
  /** Only intervals with trades. */
  readonly candles: readonly Candle[];
}

/**
 * The history of one market, with the methods of `Tape` for this market.
 *
 * A day is built when first requested; a discarded day is rebuilt from the model and the recorded trades. Only the
 * recorded trades and a small summary of each past day are kept permanently.
 */
export class MarketTape {
  readonly #marketId: string;
  readonly #model: PriceModel;
  readonly #historyMs: number;
  readonly #recorded = new Map<number, Trade[]>();
  readonly #logs = new Map<number, DayLog>();
  readonly #summaries = new Map<number, DaySummary>();
  /** The sequence of the first trade of each day, from the first day on. */
  readonly #firstSequences: number[];
  /** Everything before this time may have been read. */
  #seenTo: number;

  /** Opens the history of a market; `historyMs` is the start of a day. */
  constructor(marketId: string, options: { model: PriceModel; historyMs: number }) {
    const { model, historyMs } = options;
    this.#marketId = marketId;
    this.#model = model;
    this.#historyMs = historyMs;
    this.#seenTo = historyMs + 1;
    this.#firstSequences = [LOWEST_SEQUENCE + seedFor(0, marketId) % (9 * LOWEST_SEQUENCE)];
    const [bid] = model.bookAt(marketId, historyMs).bids;
    if (bid) {
      const { price, volume } = bid;
      this.#recordedOn(historyMs).push({ timestamp: historyMs, price, volume, isBuy: false });
    }
  }

  record(trade: Trade): number {
    const { timestamp } = trade;
    const earliest = this.#seenTo - 1;
    if (timestamp < earliest) {
      throw new RangeError(`Cannot record trade as timestamp must be >= ${earliest}: current value is ${timestamp}`);
    }
    this.#see(timestamp);
    const dayMs = startOfDay(timestamp);
    const count = this.#recordedOn(dayMs).push(trade) + this.#inventedBetween(dayMs, timestamp + 1);
    return this.#firstSequence(dayMs) + count - 1;
  }

  lastTrade(atMs: number): Trade {
    this.#see(atMs);
    const newest = this.#newest(atMs);
    if (!newest) throw new RangeError(`Cannot read last trade as nothing traded by then: current time is ${atMs}`);
    return newest;
  }

  trades(range: { fromMs: number; toMs: number; limit: number }): readonly SequencedTrade[] {
    this.#see(range.toMs);
    const found: SequencedTrade[] = [];
    const earliestDay = Math.max(startOfDay(range.fromMs), this.#historyMs);
    for (let dayMs = startOfDay(range.toMs); dayMs >= earliestDay && found.length < range.limit; dayMs -= DAY_MS) {
      const log = this.#log(dayMs);
      for (let index = log.countAt(range.toMs) - 1; index >= 0 && found.length < range.limit; index--) {
        const trade = log.trades[index];
        if (!trade || trade.timestamp < range.fromMs) return found;
        found.push({ ...trade, sequence: this.#firstSequence(dayMs) + index });
      }
    }
    return found;
  }

  volume24h(atMs: number): number {
    this.#see(atMs);
    const dayMs = startOfDay(atMs);
    if (dayMs < this.#historyMs) return 0;
    const today = this.#log(dayMs).volumeAt(atMs);
    if (dayMs === this.#historyMs) return today;
    const yesterday = this.#log(dayMs - DAY_MS);
    return today + yesterday.volume - yesterday.volumeAt(atMs - DAY_MS);
  }

  candles(range: { durationMs: number; sinceMs: number; atMs: number; limit: number }): readonly Candle[] {
    const { durationMs, sinceMs, atMs, limit } = range;
    if (!CANDLE_DURATIONS_S.includes(durationMs / 1_000)) {
      throw new RangeError(`Cannot build candles as the duration is not offered: current value is ${durationMs} ms`);
    }
    this.#see(atMs);
    const firstMs = this.#historyMs - this.#historyMs % durationMs;
    const startMs = Math.max(Math.ceil(sinceMs / durationMs) * durationMs, firstMs);
    const endMs = Math.min(startMs + limit * durationMs, atMs + 1);
    if (startMs >= endMs) return [];
    const close = this.#newest(startMs - 1)?.price;
    const series = new CandleSeries({ startMs, durationMs, close });
    for (let dayMs = startOfDay(Math.max(startMs, this.#historyMs)); dayMs < endMs; dayMs += DAY_MS) {
      this.#addDay(series, { dayMs, startMs, endMs, durationMs });
    }
    return series.finish(endMs);
  }

  /** Adds what a day traded between two times; both are multiples of the duration, except for a current candle. */
  #addDay(series: CandleSeries, range: { dayMs: number; startMs: number; endMs: number; durationMs: number }): void {
    const { dayMs, startMs, endMs, durationMs } = range;
    const isSummed = durationMs % SUMMARY_MS === 0 && this.#isFinished(dayMs) &&
      (endMs >= dayMs + DAY_MS || endMs % SUMMARY_MS === 0);
    if (isSummed) {
      for (const part of this.#summary(dayMs).candles) {
        if (part.timestamp >= startMs && part.timestamp < endMs) series.addCandle(part);
      }
      return;
    }
    const log = this.#log(dayMs);
    for (let index = log.countAt(startMs - 1); index < log.trades.length; index++) {
      const trade = log.trades[index];
      if (!trade || trade.timestamp >= endMs) return;
      series.addTrade(trade);
    }
  }

  #newest(atMs: number): Trade | undefined {
    const todayMs = startOfDay(atMs);
    if (todayMs < this.#historyMs) return undefined;
    const today = this.#log(todayMs);
    const trade = today.trades[today.countAt(atMs) - 1];
    if (trade) return trade;
    for (let dayMs = todayMs - DAY_MS; dayMs >= this.#historyMs; dayMs -= DAY_MS) {
      const { last } = this.#summary(dayMs);
      if (last) return last;
    }
    return undefined;
  }

  #firstSequence(dayMs: number): number {
    const firsts = this.#firstSequences;
    const index = (dayMs - this.#historyMs) / DAY_MS;
    for (let next = firsts.length; next <= index; next++) {
      firsts.push((firsts[next - 1] ?? 0) + this.#countOn(this.#historyMs + (next - 1) * DAY_MS));
    }
    return firsts[index] ?? 0;
  }

  /** The number of trades of a past day. */
  #countOn(dayMs: number): number {
    const known = this.#summaries.get(dayMs);
    if (known) return known.count;
    return this.#inventedBetween(dayMs, dayMs + DAY_MS) + (this.#recorded.get(dayMs)?.length ?? 0);
  }

  #inventedBetween(fromMs: number, toMs: number): number {
    return this.#model.countBetween?.(this.#marketId, fromMs, toMs) ??
      this.#model.tradesBetween(this.#marketId, fromMs, toMs).length;
  }

  #see(atMs: number): void {
    if (!Number.isSafeInteger(atMs)) {
      throw new RangeError(`Cannot read history as the time must be whole milliseconds: current value is ${atMs}`);
    }
    this.#seenTo = Math.max(this.#seenTo, atMs + 1);
  }

  #isFinished(dayMs: number): boolean {
    return dayMs + DAY_MS <= this.#seenTo;
  }

  /** The summary of a past day. */
  #summary(dayMs: number): DaySummary {
    const known = this.#summaries.get(dayMs);
    if (known) return known;
    const log = this.#logs.get(dayMs) ?? this.#openLog(dayMs);
    log.fillTo(dayMs + DAY_MS);
    const series = new CandleSeries({ startMs: dayMs, durationMs: SUMMARY_MS, close: undefined });
    for (const trade of log.trades) series.addTrade(trade);
    const candles = series.finish(dayMs + DAY_MS).filter(({ volume }) => volume > 0);
    const summary = { count: log.trades.length, last: log.trades.at(-1), candles };
    this.#summaries.set(dayMs, summary);
    return summary;
  }

  /** The trades of a day as far as they may be read; discards the least recently used day. */
  #log(dayMs: number): DayLog {
    const log = this.#logs.get(dayMs) ?? this.#openLog(dayMs);
    this.#logs.delete(dayMs);
    this.#logs.set(dayMs, log);
    if (this.#logs.size > MAX_DAY_LOGS) {
      const [oldest] = this.#logs.keys();
      if (oldest !== undefined) this.#logs.delete(oldest);
    }
    log.fillTo(Math.min(this.#seenTo, dayMs + DAY_MS));
    return log;
  }

  #openLog(dayMs: number): DayLog {
    return new DayLog(dayMs, {
      invented: (fromMs, toMs) => this.#model.tradesBetween(this.#marketId, fromMs, toMs),
      recorded: this.#recordedOn(dayMs),
    });
  }

  #recordedOn(dayMs: number): Trade[] {
    const known = this.#recorded.get(dayMs);
    if (known) return known;
    const recorded: Trade[] = [];
    this.#recorded.set(dayMs, recorded);
    return recorded;
  }
}
