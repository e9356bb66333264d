import type { Trade } from "./market_data.ts";

/** Where the trades of a day come from. */
export interface TradeSource {
  /** Trades of the rest of the world with `fromMs <= timestamp < toMs`, oldest first. */
  invented(fromMs: number, toMs: number): readonly Trade[];
  /** Every trade of the day that was recorded so far, oldest first; grows at its end only. */
  readonly recorded: readonly Trade[];
}

/** The trades of one market on one day, both kinds merged as far as time has come; only ever grows at its end. */
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

  /** Takes in everything before `toMs`; a recorded trade comes after the invented ones of its millisecond. */
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

  /** How many trades have a timestamp at or before `atMs`. */
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

  /** Volume in lots of the trades at or before `atMs`. */
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
