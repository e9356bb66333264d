import Big from "big.js";
import type { Trade } from "./market_data.ts";
import { lotsOf } from "../engine/market_units.ts";
import type { SimulatedMarket } from "./markets.ts";
import { hash32, seedFor, toSize, toUnit } from "../random.ts";
import { meanTradeLots } from "./book_side.ts";
import type { MarketTouch } from "./touch.ts";

const MINUTE_MS = 60_000;
const MINUTES_PER_DAY = 1_440;

/** The least active minute of the day is 04:00 UTC, the most active 16:00. */
const QUIETEST_MINUTE = 4 * 60;

/** The activity of each minute of the day, around a mean of 1. */
const RHYTHM = new Float64Array(MINUTES_PER_DAY)
  .map((_, minute) => 1 - 0.5 * Math.cos(2 * Math.PI * (minute - QUIETEST_MINUTE) / MINUTES_PER_DAY));

/** Far above what any market's activity produces in one minute. */
const MOST_PER_MINUTE = 100;

/**
 * The trades of one market between others. Their number and times in a minute depend only on that minute; a taker buys
 * at the best ask of that second or sells at the best bid, whatever the market's status: a history without trades would
 * contradict its book.
 */
export class TradeFlow {
  readonly #touch: MarketTouch;
  readonly #seed: number;
  readonly #meanLots: number;
  readonly #maxLots: number;
  /** For each minute of the day, the mean number of trades and the probability of none. */
  readonly #means: Float64Array;
  readonly #quietChances: Float64Array;

  constructor(market: SimulatedMarket, options: { seed: number; touch: MarketTouch }) {
    this.#touch = options.touch;
    this.#seed = seedFor(options.seed, `trades/${market.id}`);
    this.#meanLots = meanTradeLots(market);
    this.#maxLots = lotsOf(market, new Big(market.maxVolume));
    this.#means = RHYTHM.map((share) => share * market.activity.tradesPerMinute);
    this.#quietChances = this.#means.map((mean) => Math.exp(-mean));
  }

  /** Trades with `fromMs <= timestamp < toMs`, oldest first. */
  between(fromMs: number, toMs: number): readonly Trade[] {
    const trades: Trade[] = [];
    for (let minute = Math.floor(fromMs / MINUTE_MS); minute * MINUTE_MS < toMs; minute++) {
      const minuteSeed = hash32(this.#seed, minute);
      const count = this.#countIn(minute, minuteSeed);
      // Each trade has its own part of the minute, so that trades cannot overtake each other or reach its ends.
      const part = Math.floor((MINUTE_MS - 1) / count);
      for (let i = 0; i < count; i++) {
        const hash = hash32(minuteSeed, i + 1);
        const timestamp = minute * MINUTE_MS + 1 + i * part + Math.floor(toUnit(hash) * part);
        if (timestamp >= fromMs && timestamp < toMs) trades.push(this.#trade(timestamp, hash));
      }
    }
    return trades;
  }

  /** The number of trades that `between` returns; computes no prices for whole minutes. */
  countBetween(fromMs: number, toMs: number): number {
    const firstMinute = Math.ceil(fromMs / MINUTE_MS);
    const lastMinute = Math.floor(toMs / MINUTE_MS);
    if (firstMinute >= lastMinute) return this.between(fromMs, toMs).length;
    let count = this.between(fromMs, firstMinute * MINUTE_MS).length +
      this.between(lastMinute * MINUTE_MS, toMs).length;
    for (let minute = firstMinute; minute < lastMinute; minute++) {
      count += this.#countIn(minute, hash32(this.#seed, minute));
    }
    return count;
  }

  /** Draws from a Poisson distribution whose mean varies with the time of day. */
  #countIn(minute: number, minuteSeed: number): number {
    const mean = this.#means[minute % MINUTES_PER_DAY] ?? 0;
    let probability = this.#quietChances[minute % MINUTES_PER_DAY] ?? 1;
    let remaining = toUnit(hash32(minuteSeed, 0));
    let count = 0;
    while (remaining >= probability && count < MOST_PER_MINUTE) {
      remaining -= probability;
      count++;
      probability *= mean / count;
    }
    return count;
  }

  #trade(timestamp: number, hash: number): Trade {
    const touch = this.#touch.at(Math.floor(timestamp / 1_000));
    const isBuy = (hash32(hash, 1) & 1) === 1;
    const lots = Math.round(this.#meanLots * toSize(hash32(hash, 2), 1.1));
    const volume = Math.min(Math.max(lots, 1), this.#maxLots);
    return { timestamp, price: isBuy ? touch.ask : touch.bid, volume, isBuy };
  }
}
