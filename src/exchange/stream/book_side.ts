/** One side of an order book: its price levels in order, each with the sum of its orders. */

import { fromUnits } from "./units.ts";

/** Which side an order rests on. */
export type Side = "bid" | "ask";

/** All orders of one side at one price. */
export interface Level {
  readonly side: Side;
  /** In 10^-18 of the counter currency. */
  readonly price: bigint;
  /** The price as a double: equal for some prices that differ, never in the wrong order. Comparing costs a tenth. */
  readonly rank: number;
  /** The sum of its orders, in 10^-18 of the base currency. */
  volume: bigint;
  /** The number of its orders. */
  orders: number;
  /** Cached output since the last change of its volume: most levels do not change between two reads. */
  shown: PriceVolume | undefined;
}

/** A price and a volume as decimals without trailing zeros. */
export interface PriceVolume {
  readonly price: string;
  readonly volume: string;
}

/**
 * Levels sorted with the best price at the end of the array: most changes happen near the best price, where an array
 * moves few elements.
 */
export class BookSide {
  readonly #side: Side;
  readonly #levels: Level[] = [];

  constructor(side: Side) {
    this.#side = side;
  }

  /** The number of price levels. */
  get size(): number {
    return this.#levels.length;
  }

  /** The level with the best price; `undefined` on an empty side. */
  get best(): Level | undefined {
    return this.#levels.at(-1);
  }

  /** Adds an order's volume at a price, and returns the level. */
  add(price: bigint, volume: bigint): Level {
    const rank = Number(price);
    const place = this.#placeOf(price, rank);
    const found = this.#levels[place];
    if (found !== undefined && found.price === price) {
      found.volume += volume;
      found.orders++;
      found.shown = undefined;
      return found;
    }
    const level: Level = { side: this.#side, price, rank, volume, orders: 1, shown: undefined };
    this.#levels.splice(place, 0, level);
    return level;
  }

  /** Removes part of an order's volume. */
  reduce(level: Level, volume: bigint): void {
    level.volume -= volume;
    level.shown = undefined;
  }

  /** Removes an order that has `volume` left, and its level with the last order. */
  remove(level: Level, volume: bigint): void {
    this.reduce(level, volume);
    level.orders--;
    if (level.orders === 0) this.#levels.splice(this.#placeOf(level.price, level.rank), 1);
  }

  /** The best levels, best price first. */
  top(count: number): PriceVolume[] {
    return this.#levels.slice(-count).reverse().map(show);
  }

  /** The index of a price, or where it belongs. */
  #placeOf(price: bigint, rank: number): number {
    const levels = this.#levels;
    const sign = this.#side === "bid" ? 1 : -1;
    let low = 0;
    let high = levels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const level = levels[middle];
      if (level === undefined) break;
      const isBefore = level.rank === rank
        ? sign > 0 ? level.price < price : level.price > price
        : sign > 0
        ? level.rank < rank
        : level.rank > rank;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function show(level: Level): PriceVolume {
  level.shown ??= { price: fromUnits(level.price), volume: fromUnits(level.volume) };
  return level.shown;
}
