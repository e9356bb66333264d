/**
 * The book of one market, built from a snapshot and the updates that follow. Reads no clock and knows no socket. Every
 * update must follow the previous one and be possible: otherwise something was lost, and only a new snapshot helps.
 */

import { BookSide, type Level, type PriceVolume, type Side } from "./book_side.ts";
import {
  readSnapshotOrder,
  type Snapshot,
  type StreamOrder,
  type StreamStatus,
  type TradeUpdate,
  type Update,
} from "./market_frames.ts";
import { fromUnits, toUnits } from "./units.ts";

/** Why a book has become invalid. */
export type BookProblem =
  | "gap"
  | "sequence_back"
  | "unknown_maker"
  | "negative_volume"
  | "duplicate_order"
  | "crossed"
  | "unreadable_order";

/** A public trade; decimals without trailing zeros. */
export interface BookTrade extends PriceVolume {
  readonly sequence: bigint;
  readonly timestamp: number;
  /** Whether the taker bought. */
  readonly isBuy: boolean;
}

/** A copy of a book; its orders are sorted so that {@linkcode buildBook} rebuilds the same book. */
export interface BookCopy {
  readonly sequence: bigint;
  readonly status: StreamStatus;
  readonly timestamp: number;
  readonly bids: readonly CopiedOrder[];
  readonly asks: readonly CopiedOrder[];
}

/** A resting order; price and volume in 10^-18. */
export interface CopiedOrder {
  readonly id: string;
  readonly price: bigint;
  readonly volume: bigint;
}

/** The effect of an update. */
export type Applied =
  | { readonly ok: true; readonly trades: readonly BookTrade[] }
  | { readonly ok: false; readonly problem: BookProblem };

/** A book, or why the snapshot is invalid. */
export type Built = { readonly ok: true; readonly book: OrderBook } | {
  readonly ok: false;
  readonly problem: BookProblem;
};

interface Order {
  readonly level: Level;
  /** Time priority at an equal price. */
  readonly place: number;
  volume: bigint;
}

/** Orders read between two pauses: about a millisecond of work. */
const SLICE = 1_000;

const DONE: Applied = { ok: true, trades: [] };

/** Builds a book from a snapshot, with a pause after each slice, so that a large book does not block others. */
export function* buildBook(snapshot: Snapshot): Generator<void, Built> {
  const book = new OrderBook(snapshot);
  const sides: readonly (readonly [Side, readonly unknown[]])[] = [["bid", snapshot.bids], ["ask", snapshot.asks]];
  let left = SLICE;
  for (const [side, rows] of sides) {
    // From the worst price to the best, as load() requires.
    for (let place = rows.length - 1; place >= 0; place--) {
      const order = readSnapshotOrder(rows[place]);
      const problem = order === undefined ? "unreadable_order" : book.load(order, side);
      if (problem !== undefined) return { ok: false, problem };
      if (--left > 0) continue;
      left = SLICE;
      yield;
    }
  }
  return book.isCrossed ? { ok: false, problem: "crossed" } : { ok: true, book };
}

/** Builds a book without pauses. */
export function buildBookAtOnce(snapshot: Snapshot): Built {
  const building = buildBook(snapshot);
  for (;;) {
    const step = building.next();
    if (step.done) return step.value;
  }
}

/** A book that is kept up to date. After a rejected update it must be discarded. */
export class OrderBook {
  readonly #orders = new Map<string, Order>();
  readonly #bids = new BookSide("bid");
  readonly #asks = new BookSide("ask");
  #sequence: bigint;
  #status: StreamStatus;
  #timestamp: number;
  /** Time priorities of the snapshot's orders, and of those that came later. */
  #firstPlace = 0;
  #lastPlace = 0;

  /** Creates an empty book; {@linkcode buildBook} fills it. */
  constructor({ sequence, status, timestamp }: Snapshot) {
    this.#sequence = sequence;
    this.#status = status;
    this.#timestamp = timestamp;
  }

  /** The sequence of the latest update. */
  get sequence(): bigint {
    return this.#sequence;
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** When the exchange sent the latest update, in milliseconds since the Unix epoch. */
  get timestamp(): number {
    return this.#timestamp;
  }

  /** The number of orders. */
  get size(): number {
    return this.#orders.size;
  }

  /** Whether the best bid is above the best ask. */
  get isCrossed(): boolean {
    const [bid, ask] = [this.#bids.best, this.#asks.best];
    return bid !== undefined && ask !== undefined && bid.price >= ask.price;
  }

  /** The best price of a side with its volume; `undefined` on an empty side. */
  best(side: Side): PriceVolume | undefined {
    return this.#side(side).top(1)[0];
  }

  /** The number of price levels of a side. */
  levels(side: Side): number {
    return this.#side(side).size;
  }

  /** The best price levels of a side, each the sum of its orders, best price first. */
  top(side: Side, count: number): PriceVolume[] {
    return this.#side(side).top(count);
  }

  /** Every order of a side, best price first and then oldest first. */
  orders(side: Side): PriceVolume[] {
    const sign = side === "bid" ? -1 : 1;
    return [...this.#orders.values()].filter(({ level }) => level.side === side)
      .sort((a, b) => sign * compare(a.level, b.level) || a.place - b.place)
      .map(({ level, volume }) => ({ price: fromUnits(level.price), volume: fromUnits(volume) }));
  }

  /** A copy that later updates do not change. */
  copy(): BookCopy {
    const sides = { bid: [] as CopiedOrder[], ask: [] as CopiedOrder[] };
    const orders = [...this.#orders].sort(([, one], [, other]) => one.place - other.place);
    for (const [id, { level: { side, price }, volume }] of orders) sides[side].push({ id, price, volume });
    const { bid: bids, ask: asks } = sides;
    return { sequence: this.#sequence, status: this.#status, timestamp: this.#timestamp, bids, asks };
  }

  /**
   * Adds an order of the snapshot; the worst of a side first, so that each level is appended to the end of its side.
   */
  load(order: StreamOrder, side: Side): BookProblem | undefined {
    return this.#rest(order, side, --this.#firstPlace);
  }

  /** Applies one update: trades, then the new order, then the deleted one, then the status. */
  apply(update: Update): Applied {
    const { sequence, trades, created, deleted, status, timestamp } = update;
    if (sequence !== this.#sequence + 1n) {
      return { ok: false, problem: sequence > this.#sequence ? "gap" : "sequence_back" };
    }
    const traded = trades.length === 0 ? DONE : this.#trade(trades, timestamp);
    if (!traded.ok) return traded;
    const problem = created === null ? undefined : this.#rest(created, created.side, ++this.#lastPlace);
    if (problem !== undefined) return { ok: false, problem };
    if (deleted !== null) this.#delete(deleted);
    if (this.isCrossed) return { ok: false, problem: "crossed" };
    this.#sequence = sequence;
    this.#timestamp = timestamp;
    if (status !== null) this.#status = status;
    return traded;
  }

  #rest({ id, price, volume }: StreamOrder, side: Side, place: number): BookProblem | undefined {
    const [priceUnits, volumeUnits] = [toUnits(price), toUnits(volume)];
    if (priceUnits === undefined || volumeUnits === undefined || volumeUnits === 0n) return "unreadable_order";
    const before = this.#orders.size;
    this.#orders.set(id, { level: this.#side(side).add(priceUnits, volumeUnits), place, volume: volumeUnits });
    // An order with this id has lost its place: the book must be discarded.
    return this.#orders.size === before ? "duplicate_order" : undefined;
  }

  #trade(trades: readonly TradeUpdate[], timestamp: number): Applied {
    const done: BookTrade[] = [];
    for (const { sequence, makerId, base } of trades) {
      const maker = this.#orders.get(makerId);
      if (maker === undefined) return { ok: false, problem: "unknown_maker" };
      const volume = toUnits(base);
      if (volume === undefined) return { ok: false, problem: "unreadable_order" };
      const { level } = maker;
      if (volume > maker.volume) return { ok: false, problem: "negative_volume" };
      done.push({
        ...{ sequence, timestamp, isBuy: level.side === "ask" },
        ...{ price: fromUnits(level.price), volume: fromUnits(volume) },
      });
      if (volume === maker.volume) this.#delete(makerId);
      else {
        maker.volume -= volume;
        this.#side(level.side).reduce(level, volume);
      }
    }
    return { ok: true, trades: done };
  }

  /** Ignores an unknown id, as the exchange's own clients do. */
  #delete(id: string): void {
    const order = this.#orders.get(id);
    if (order === undefined) return;
    this.#orders.delete(id);
    this.#side(order.level.side).remove(order.level, order.volume);
  }

  #side(side: Side): BookSide {
    return side === "bid" ? this.#bids : this.#asks;
  }
}

function compare(a: Level, b: Level): number {
  return a.price < b.price ? -1 : a.price > b.price ? 1 : 0;
}
