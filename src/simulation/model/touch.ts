import Big from "big.js";
import type { AssetValue, AssetValues } from "./asset_values.ts";
import { ticksOf } from "../engine/market_units.ts";
import type { SimulatedMarket } from "./markets.ts";
import { hash32, seedFor, toUnit } from "../random.ts";

/** Best bid and best ask of a market in ticks; the bid is at least one tick below the ask. */
export interface Touch {
  readonly bid: number;
  readonly ask: number;
}

/** How long a spread stays constant. */
const SPREAD_SECONDS = 20;

/** The best quotes of one market in each second. */
export class MarketTouch {
  readonly #base: AssetValue;
  readonly #counter: AssetValue;
  readonly #ticksPerUnit: number;
  readonly #lowest: number;
  readonly #highest: number;
  readonly #halfSpread: number;
  readonly #spreadSeed: number;
  #second = NaN;
  #touch: Touch = { bid: 0, ask: 0 };

  constructor(market: SimulatedMarket, options: { seed: number; values: AssetValues }) {
    this.#base = options.values.of(market.base);
    this.#counter = options.values.of(market.counter);
    this.#ticksPerUnit = 10 ** market.priceScale;
    this.#lowest = ticksOf(market, new Big(market.minPrice));
    this.#highest = ticksOf(market, new Big(market.maxPrice));
    this.#halfSpread = market.activity.spreadBps / 20_000;
    this.#spreadSeed = seedFor(options.seed, `spread/${market.id}`);
  }

  /** Best bid and ask during a whole second, within the market's price limits. */
  at(second: number): Touch {
    if (second !== this.#second) {
      this.#second = second;
      this.#touch = this.#quote(second);
    }
    return this.#touch;
  }

  #quote(second: number): Touch {
    const mid = this.#base.usdAt(second) / this.#counter.usdAt(second) * this.#ticksPerUnit;
    const width = 0.5 + toUnit(hash32(this.#spreadSeed, Math.floor(second / SPREAD_SECONDS)));
    const half = mid * this.#halfSpread * width;
    const bid = Math.min(Math.max(Math.floor(mid - half), this.#lowest), this.#highest - 1);
    const ask = Math.min(Math.max(Math.ceil(mid + half), bid + 1), this.#highest);
    return { bid, ask };
  }
}
