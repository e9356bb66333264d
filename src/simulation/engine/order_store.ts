/** Orders and fills in memory, with past states of orders for reads of an earlier time. */

import { ARCHIVE_AFTER_MS, type Order, type OrderFilter, type UserTrade } from "./orders.ts";
import type { TradingStore } from "./trading_store.ts";

const STATES_KEPT = 20;

/** All orders of the user, oldest first, and all fills, in memory. */
export class OrderStore implements TradingStore {
  /** Fills of own orders, oldest first. */
  readonly trades: UserTrade[] = [];
  /** Called for every new state of an order, with its previous one. */
  changed: ((after: Order, before: Order | undefined) => void) | undefined;
  readonly #changes = new Map<string, number>();
  readonly #ids: string[] = [];
  readonly #states = new Map<string, Order[]>();
  readonly #idByClientOrderId = new Map<string, string>();
  readonly #live = new Map<string, Order>();

  /** Stores a new order or the next state of a known one. */
  save(order: Order): Order {
    const before = this.get(order.id);
    const states = this.#states.get(order.id);
    if (states === undefined) {
      this.#ids.push(order.id);
      this.#states.set(order.id, [order]);
    } else {
      states.push(order);
      if (states.length > STATES_KEPT) states.shift();
    }
    if (order.clientOrderId !== "") this.#idByClientOrderId.set(order.clientOrderId, order.id);
    if (order.status === "COMPLETE") this.#live.delete(order.id);
    else this.#live.set(order.id, order);
    this.noteChange(order.market.id);
    this.changed?.(order, before);
    return order;
  }

  /** Records that the public data of a market has changed. */
  noteChange(marketId: string): void {
    this.#changes.set(marketId, this.changesIn(marketId) + 1);
  }

  /** Stores a fill. */
  record(trade: UserTrade): void {
    this.trades.push(trade);
  }

  /** A number that increases whenever public data of a market changes within a second. */
  changesIn(marketId: string): number {
    return this.#changes.get(marketId) ?? 0;
  }

  /** The latest state of an order. */
  get(id: string): Order | undefined {
    return this.#states.get(id)?.at(-1);
  }

  /** An order's state at a time; `undefined` before it was placed. */
  at(id: string, atMs: number): Order | undefined {
    return this.#states.get(id)?.findLast((state) => state.updatedAt <= atMs);
  }

  /** The id of the order that has this client order id. */
  idOf(clientOrderId: string): string | undefined {
    return this.#idByClientOrderId.get(clientOrderId);
  }

  /** Incomplete orders, oldest first. */
  live(): IterableIterator<Order> {
    return this.#live.values();
  }

  /** Whether any order is incomplete. */
  get anyLive(): boolean {
    return this.#live.size > 0;
  }

  /** Orders by filter, newest first; those archived 100 days after completion are omitted. */
  list({ pair, closed, createdBefore, limit, atMs }: OrderFilter): readonly Order[] {
    const found: Order[] = [];
    for (let place = this.#ids.length - 1; place >= 0 && found.length < limit; place--) {
      const order = this.at(this.#ids[place] ?? "", atMs);
      if (order === undefined) continue;
      if (pair !== undefined && order.market.id !== pair) continue;
      if (closed !== undefined && closed !== (order.status === "COMPLETE")) continue;
      if (createdBefore !== undefined && order.createdAt >= createdBefore) continue;
      if (order.completedAt > 0 && order.completedAt < atMs - ARCHIVE_AFTER_MS) continue;
      found.push(order);
    }
    return found;
  }
}
