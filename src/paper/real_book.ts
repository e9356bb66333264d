/** The real order book as paper orders meet it: in ticks and lots, less what paper orders took from it already. */

import Big from "big.js";
import { parseDecimal } from "../exchange/money.ts";
import type { OrderBook, OrderBookEntry } from "../exchange/schemas.ts";
import type { SimulatedMarket } from "../simulation/market/markets.ts";
import { byPriority, type RestingOrder, type Side } from "../simulation/trading/matching.ts";
import { wholeLots } from "./paper_market.ts";

/** One price of the real book. */
export interface Level {
  readonly price: number;
  readonly volume: number;
}

/** Both sides, best price first, one level for each price. */
export interface RealBook {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

type Scales = Pick<SimulatedMarket, "priceScale" | "volumeScale">;

/** Reads a book, aggregated or not. What is finer than the scales is rounded against whoever trades with it. */
export function readBook(
  scales: Scales,
  { bids, asks }: Pick<OrderBook, "timestamp" | "bids" | "asks">,
): RealBook {
  return {
    bids: readSide(scales, { entries: bids, side: "BUY" }),
    asks: readSide(scales, { entries: asks, side: "SELL" }),
  };
}

function readSide(scales: Scales, { entries, side }: { entries: readonly OrderBookEntry[]; side: Side }): Level[] {
  const volumes = new Map<number, Big>();
  for (const { price, volume } of entries) {
    const ticks = parseDecimal(price).times(`1e${scales.priceScale}`)
      .round(0, side === "BUY" ? Big.roundDown : Big.roundUp).toNumber();
    volumes.set(ticks, (volumes.get(ticks) ?? new Big(0)).plus(parseDecimal(volume)));
  }
  return [...volumes].map(([price, volume]) => ({ price, volume: wholeLots(scales, volume) }))
    .filter(({ price, volume }) => isCount(price) && isCount(volume))
    .sort(byPriority(side));
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

/** A level as the matching core wants it. */
export function asResting({ price, volume }: Level): RestingOrder {
  return { id: "", price, volume, own: false };
}

/** Which side of which market somebody took from. */
export interface BookSide {
  readonly identity: string;
  readonly market: SimulatedMarket;
  /** The side of the orders that were taken. */
  readonly side: Side;
}

/** How long a level that still stands is remembered as taken. */
const REMEMBERED_MS = 300_000;

const MAX_REMEMBERED = 20_000;

interface Taken {
  readonly lots: number;
  readonly untilMs: number;
}

/**
 * What each identity took from the real book, which knows nothing of it: the same lots are not had twice. Forgotten
 * when the level is gone, and after five minutes; of a level that shrinks, as much as is left counts as taken.
 */
export class TakenLiquidity {
  readonly #sides = new Map<string, Map<number, Taken>>();
  readonly #monotonic: () => number;
  #size = 0;

  /** `monotonic` is milliseconds that only ever rise. */
  constructor({ monotonic }: { monotonic: () => number }) {
    this.#monotonic = monotonic;
  }

  /** The levels of one side less what was taken; forgets what the levels show to be over. */
  remaining(of: BookSide, levels: readonly Level[]): readonly Level[] {
    const taken = this.#sides.get(keyOf(of));
    if (taken === undefined) return levels;
    const now = this.#monotonic();
    const volumes = new Map(levels.map(({ price, volume }) => [price, volume]));
    const last = levels.at(-1)?.price;
    for (const [price, { lots, untilMs }] of taken) {
      const volume = volumes.get(price) ?? 0;
      // Of what lies behind the last level shown, nothing is known.
      const isShown = last === undefined || (of.side === "BUY" ? price >= last : price <= last);
      if (now >= untilMs || (isShown && volume === 0)) this.#forget(of, price);
      else if (isShown && volume < lots) taken.set(price, { lots: volume, untilMs });
    }
    return levels.map(({ price, volume }) => ({ price, volume: volume - (taken.get(price)?.lots ?? 0) }))
      .filter(({ volume }) => volume > 0);
  }

  /** Notes that lots of a level were taken. */
  take(of: BookSide, { price, volume }: Level): void {
    const key = keyOf(of);
    const side = this.#sides.get(key) ?? new Map<number, Taken>();
    this.#sides.set(key, side);
    const before = side.get(price);
    if (before === undefined) this.#size++;
    side.set(price, { lots: (before?.lots ?? 0) + volume, untilMs: this.#monotonic() + REMEMBERED_MS });
    const [oldest] = this.#sides.keys();
    if (this.#size > MAX_REMEMBERED && oldest !== undefined) this.#forgetSide(oldest);
  }

  /** Forgets what one identity took, or what all took. */
  clear(identity?: string): void {
    for (const key of [...this.#sides.keys()]) {
      if (identity === undefined || key.startsWith(`${JSON.stringify(identity)} `)) this.#forgetSide(key);
    }
  }

  #forget(of: BookSide, price: number): void {
    const key = keyOf(of);
    const side = this.#sides.get(key);
    if (side?.delete(price)) this.#size--;
    if (side?.size === 0) this.#sides.delete(key);
  }

  #forgetSide(key: string): void {
    this.#size -= this.#sides.get(key)?.size ?? 0;
    this.#sides.delete(key);
  }
}

function keyOf({ identity, market, side }: BookSide): string {
  return `${JSON.stringify(identity)} ${market.id} ${market.priceScale} ${market.volumeScale} ${side}`;
}
