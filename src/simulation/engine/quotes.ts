/**
 * One market's book as an arriving order meets it: the model's quotes, less what accounts already took from them,
 * joined by the account holder's own resting orders.
 */

import type { BookOrder, PriceModel } from "../model/market_data.ts";
import type { SimulatedMarket } from "../model/markets.ts";
import { byPriority, type RestingOrder, type Side } from "./matching.ts";
import type { Order } from "./orders.ts";

/** Both sides, best price first, own orders behind the model's at the same price. */
export interface MergedBook {
  readonly bids: readonly RestingOrder[];
  readonly asks: readonly RestingOrder[];
}

/** The quotes of one market. */
export class Quotes {
  readonly #market: SimulatedMarket;
  readonly #model: PriceModel;
  /** Lots taken from the model's orders that still stand, by their id. */
  readonly #taken = new Map<string, number>();

  constructor(market: SimulatedMarket, model: PriceModel) {
    this.#market = market;
    this.#model = model;
  }

  /**
   * The merged book at a moment. A quote of the model that crosses an own order is hidden until a trade of the model
   * fills that order: the model does not know it, and a crossed book would be no book.
   */
  bookAt(atMs: number, own: readonly Order[]): MergedBook {
    const quoted = this.#model.bookAt(this.#market.id, atMs);
    const ownBids = resting(own, "BUY");
    const ownAsks = resting(own, "SELL");
    const bestBid = ownBids[0]?.price ?? -Infinity;
    const bestAsk = ownAsks[0]?.price ?? Infinity;
    const bids = this.#standing(quoted.bids).filter((order) => order.price < bestAsk);
    const asks = this.#standing(quoted.asks).filter((order) => order.price > bestBid);
    return { bids: merge(bids, ownBids, "BUY"), asks: merge(asks, ownAsks, "SELL") };
  }

  /** Notes that `lots` of one of the model's orders are gone; forgets orders that no longer stand at `atMs`. */
  take(id: string, { lots, atMs }: { readonly lots: number; readonly atMs: number }): void {
    this.#taken.set(id, (this.#taken.get(id) ?? 0) + lots);
    const { bids, asks } = this.#model.bookAt(this.#market.id, atMs);
    const standing = new Set([...bids, ...asks].map((order) => order.id));
    for (const known of this.#taken.keys()) {
      if (!standing.has(known)) this.#taken.delete(known);
    }
  }

  #standing(orders: readonly BookOrder[]): RestingOrder[] {
    return orders
      .map(({ id, price, volume }) => ({ id, price, volume: volume - (this.#taken.get(id) ?? 0), own: false }))
      .filter((order) => order.volume > 0);
  }
}

/** Own orders of one side that are on the book, best price first and then oldest first. */
export function resting(orders: readonly Order[], side: Side): RestingOrder[] {
  return orders
    .filter((order) => order.side === side && order.status === "PENDING")
    .map(({ id, limitPrice, limitVolume, filled }) => ({
      id,
      price: limitPrice,
      volume: limitVolume - filled,
      own: true,
    }))
    .sort(byPriority(side));
}

function merge(model: readonly RestingOrder[], own: readonly RestingOrder[], side: Side): readonly RestingOrder[] {
  return own.length === 0 ? model : [...model, ...own].sort(byPriority(side));
}
