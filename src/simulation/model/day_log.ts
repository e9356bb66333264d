import type { Trade } from "./market_data.ts";

/** The sources of a day's trades. */
export interface TradeSource {
  /** The model's trades with `fromMs <= timestamp < toMs`, oldest first. */
  invented(fromMs: number, toMs: number): readonly Trade[];
  /** Every recorded trade of the day so far, oldest first; only appended to. */
  readonly recorded: readonly Trade[];
}

/** The trades of one market on one day, both kinds merged up to a time; only ever appended to. */
export class DayLog {
  readonly #source: TradeSource;
  readonly #trades: Trade[] = [];
  readonly #volumes: number[] = [];
  #filledTo: number;
  #recordedUsed = 0;

  constructor(startMs: number, source: TradeSource) {
    this.#filledTo = startMs;
    this.#source = source;
  }

  /** The trades so far, oldest first. */
  get trades(): readonly Trade[] {
    return this.#trades;
  }

  /** Volume of all trades so far, in lots. */
  get volume(): number {
    return this.#volumes.at(-1) ?? 0;
  }

  /** Adds everything before `toMs`; a recorded trade comes after the model's trades of its millisecond. */
  fillTo(toMs: number): void {
    if (toMs > this.#filledTo) {
      for (const trade of this.#source.invented(this.#filledTo, toMs)) {
        this.#takeRecorded(trade.timestamp);
        this.#push(trade);
      }
      this.#filledTo = toMs;
    }
    this.#takeRecorded(this.#filledTo);
  }

  /** The number of trades with a timestamp at or before `atMs`. */
  countAt(atMs: number): number {
    let low = 0;
    let high = this.#trades.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const trade = this.#trades[middle];
      if (trade && trade.timestamp <= atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The volume in lots of the trades at or before `atMs`. */
  volumeAt(atMs: number): number {
    return this.#volumes[this.countAt(atMs) - 1] ?? 0;
  }

  #takeRecorded(beforeMs: number): void {
    for (;;) {
      const next = this.#source.recorded[this.#recordedUsed];
      if (!next || next.timestamp >= beforeMs) return;
      this.#push(next);
      this.#recordedUsed++;
    }
  }

  #push(trade: Trade): void {
    this.#volumes.push(this.volume + trade.volume);
    this.#trades.push(trade);
  }
}
