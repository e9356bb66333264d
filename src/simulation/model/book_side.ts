import Big from "big.js";
import type { BookOrder } from "./market_data.ts";
import { lotsOf, ticksOf } from "../engine/market_units.ts";
import type { SimulatedMarket } from "./markets.ts";
import { hash32, seedFor, toSize, toUnit } from "../random.ts";
import type { MarketTouch } from "./touch.ts";

/** How long the order at the touch keeps its id if the price stays. */
const TOUCH_SECONDS = 64;

/** How long orders next to the touch stay; the deepest stay longest. */
const SHORTEST_STAY_S = 6;
const LONGEST_STAY_S = 1_800;

/** The largest distance of an order from the touch, as a fraction of the price. */
const DEPTH = 0.06;

/** The share of orders at round prices, which people prefer. */
const ROUND_SHARE = 0.3;

/** 13 letters and digits hold 67 bits; they are drawn from three independent hashes. */
const ID_PARTS = [5, 4, 4];

interface Resting {
  readonly order: BookOrder;
  readonly arrivedAtS: number;
}

/**
 * The orders of one side of one market. The first order is always at the touch. Every other one has a slot, is placed
 * relative to the touch when it arrives, does not move, and is replaced when its stay ends. It is omitted while the
 * touch is beyond it.
 */
export class BookSide {
  readonly #side: "bid" | "ask";
  readonly #market: SimulatedMarket;
  readonly #touch: MarketTouch;
  readonly #seed: number;
  readonly #lots: { readonly mean: number; readonly min: number; readonly max: number };
  readonly #limit: number;
  readonly #slots: (Resting | undefined)[];

  constructor(side: "bid" | "ask", options: { seed: number; market: SimulatedMarket; touch: MarketTouch }) {
    const { market, touch, seed } = options;
    this.#side = side;
    this.#market = market;
    this.#touch = touch;
    this.#seed = seedFor(seed, `orders/${market.id}/${side}`);
    this.#lots = {
      mean: meanTradeLots(market),
      min: lotsOf(market, new Big(market.minVolume)),
      max: lotsOf(market, new Big(market.maxVolume)),
    };
    this.#limit = side === "bid"
      ? ticksOf(market, new Big(market.minPrice))
      : ticksOf(market, new Big(market.maxPrice));
    this.#slots = Array.from({ length: market.activity.ordersPerSide }, () => undefined);
  }

  /** The orders during a whole second, best price first, equal prices in order of arrival. */
  at(second: number): readonly BookOrder[] {
    const best = this.#touch.at(second)[this.#side];
    const visible = [this.#atTouch(best, second)];
    for (let slot = 1; slot < this.#slots.length; slot++) {
      const resting = this.#inSlot(slot, second);
      if (this.#lies(resting.order.price, best) && this.#lies(this.#limit, resting.order.price)) visible.push(resting);
    }
    const direction = this.#side === "bid" ? -1 : 1;
    visible.sort((a, b) => direction * (a.order.price - b.order.price) || a.arrivedAtS - b.arrivedAtS);
    return visible.map(({ order }) => order);
  }

  /** Whether a price is at or behind another one, seen from the other side of the book. */
  #lies(price: number, other: number): boolean {
    return this.#side === "bid" ? price <= other : price >= other;
  }

  #atTouch(price: number, second: number): Resting {
    const arrivedAtS = second - second % TOUCH_SECONDS;
    const draw = (purpose: number) => hash32(hash32(hash32(this.#seed, purpose), arrivedAtS), price);
    const volume = this.#volume(draw(0), 1);
    return { order: { id: toId(draw), price, volume }, arrivedAtS };
  }

  #inSlot(slot: number, second: number): Resting {
    const part = slot / this.#slots.length;
    const staySeconds = Math.round(SHORTEST_STAY_S + (LONGEST_STAY_S - SHORTEST_STAY_S) * part ** 2);
    const phase = hash32(this.#seed, slot) % staySeconds;
    const arrivedAtS = second - (second + phase) % staySeconds;
    const known = this.#slots[slot];
    if (known?.arrivedAtS === arrivedAtS) return known;
    const placed = { order: this.#place(slot, arrivedAtS), arrivedAtS };
    this.#slots[slot] = placed;
    return placed;
  }

  #place(slot: number, arrivedAtS: number): BookOrder {
    const draw = (purpose: number) => hash32(hash32(hash32(this.#seed, purpose), -slot), arrivedAtS);
    const part = (slot + toUnit(draw(4))) / this.#slots.length;
    const best = this.#touch.at(arrivedAtS)[this.#side];
    const depth = Math.max(DEPTH, this.#market.activity.spreadBps / 1_000);
    const away = best * depth * part ** 2.5;
    const step = toUnit(draw(5)) < ROUND_SHARE ? roundStep(best) : 1;
    const price = this.#side === "bid"
      ? Math.floor((best - away) / step) * step
      : Math.ceil((best + away) / step) * step;
    return { id: toId(draw), price, volume: this.#volume(draw(0), 2 + 10 * part) };
  }

  #volume(hash: number, typical: number): number {
    const lots = Math.round(this.#lots.mean * typical * toSize(hash, 1));
    return Math.min(Math.max(lots, this.#lots.min), this.#lots.max);
  }
}

/** The mean volume of a trade in lots. */
export function meanTradeLots(market: SimulatedMarket): number {
  const { dailyVolume, tradesPerMinute } = market.activity;
  return dailyVolume / (tradesPerMinute * 1_440) * 10 ** market.volumeScale;
}

/** The power of ten just below a thousandth of the price, in ticks. */
function roundStep(price: number): number {
  return 10 ** Math.max(0, Math.floor(Math.log10(price / 1_000)));
}

function toId(draw: (purpose: number) => number): string {
  const parts = ID_PARTS.map((length, i) => draw(i + 1).toString(36).slice(-length).padStart(length, "0"));
  return `BX${parts.join("").toUpperCase()}`;
}
