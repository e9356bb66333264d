import type { Candle, Trade } from "./market_data.ts";

/** The exchange's candle lengths, in seconds; all are aligned to the Unix epoch. */
export const CANDLE_DURATIONS_S: readonly number[] = [
  60,
  300,
  900,
  1_800,
  3_600,
  10_800,
  14_400,
  28_800,
  86_400,
  259_200,
  604_800,
];

/** A candle in progress. */
type Running = { -readonly [Field in keyof Candle]: Candle[Field] };

/**
 * Builds candles of one length from chronological trades or shorter candles.
 *
 * Intervals without trades repeat the last close with volume 0; those before the first trade have no price and no
 * candle.
 */
export class CandleSeries {
  readonly #durationMs: number;
  readonly #finished: Candle[] = [];
  #next: number;
  #close: number | undefined;
  #running: Running | undefined;

  /** `startMs` is the start of the first interval, `close` the price of the last trade before it. */
  constructor(options: { startMs: number; durationMs: number; close: number | undefined }) {
    this.#next = options.startMs;
    this.#durationMs = options.durationMs;
    this.#close = options.close;
  }

  /** Adds a trade, not earlier than anything added before. */
  addTrade({ timestamp, price, volume }: Trade): void {
    const running = this.#running;
    if (running && timestamp < running.timestamp + this.#durationMs) {
      running.high = Math.max(running.high, price);
      running.low = Math.min(running.low, price);
      running.close = price;
      running.volume += volume;
    } else {
      this.#begin({ timestamp, open: price, high: price, low: price, close: price, volume });
    }
  }

  /** Adds a candle that lies within one interval of this series. */
  addCandle(part: Candle): void {
    const running = this.#running;
    if (running && part.timestamp < running.timestamp + this.#durationMs) {
      running.high = Math.max(running.high, part.high);
      running.low = Math.min(running.low, part.low);
      running.close = part.close;
      running.volume += part.volume;
    } else {
      this.#begin(part);
    }
  }

  /** The candles of all intervals that start before `endMs`, oldest first. */
  finish(endMs: number): readonly Candle[] {
    this.#finishUntil(endMs);
    return this.#finished;
  }

  #begin(first: Candle): void {
    const timestamp = first.timestamp - first.timestamp % this.#durationMs;
    this.#finishUntil(timestamp);
    this.#running = { ...first, timestamp };
  }

  #finishUntil(endMs: number): void {
    if (this.#running) {
      this.#finished.push(this.#running);
      this.#close = this.#running.close;
      this.#next = this.#running.timestamp + this.#durationMs;
      this.#running = undefined;
    }
    const close = this.#close;
    for (; this.#next < endMs; this.#next += this.#durationMs) {
      if (close === undefined) continue;
      this.#finished.push({ timestamp: this.#next, open: close, high: close, low: close, close, volume: 0 });
    }
  }
}
