/** Orders as values, and the store that keeps every state an order has been in for long enough to read it late. */

import type Big from "big.js";
import { DAY_MS } from "../model/days.ts";
import type { SimulatedMarket } from "../model/markets.ts";
import type { Side, TimeInForce } from "./matching.ts";

/** AWAITING: not on the book yet; PENDING: on the book; COMPLETE: filled or cancelled. */
export type OrderStatus = "AWAITING" | "PENDING" | "COMPLETE";

/** When a stop-limit order wakes up; `price` in ticks. */
export interface Stop {
  readonly price: number;
  readonly direction: "ABOVE" | "BELOW";
}

/** One state of an order. Prices in ticks, volumes in lots, the rest in currency units. */
export interface Order {
  readonly id: string;
  /** Empty when the owner gave none. */
  readonly clientOrderId: string;
  readonly market: SimulatedMarket;
  readonly side: Side;
  readonly type: "LIMIT" | "MARKET" | "STOP_LIMIT";
  readonly status: OrderStatus;
  readonly timeInForce: TimeInForce;
  readonly postOnly: boolean;
  /** 0 for market orders. */
  readonly limitPrice: number;
  /** 0 for market buys. */
  readonly limitVolume: number;
  /** What a market buy may spend, in counter currency; `null` for every other order. */
  readonly budget: Big | null;
  readonly stop: Stop | null;
  readonly baseAccountId: string;
  readonly counterAccountId: string;
  /** Lots filled so far. */
  readonly filled: number;
  readonly base: Big;
  readonly counter: Big;
  readonly feeBase: Big;
  readonly feeCounter: Big;
  /** Held back in the base account of a SELL or the counter account of a BUY. */
  readonly reserved: Big;
  readonly createdAt: number;
  /** When it reaches the book; `null` while a stop waits for its trade. */
  readonly dueAt: number | null;
  /** 0 while the order lives. */
  readonly completedAt: number;
  /** When the owner's cancellation was processed, else 0. */
  readonly cancelledAt: number;
  readonly updatedAt: number;
}

/** One fill of an own order, as `listtrades` shows it. */
export interface UserTrade {
  readonly market: SimulatedMarket;
  readonly sequence: number;
  readonly orderId: string;
  readonly clientOrderId: string;
  readonly side: Side;
  /** Whether the taker bought. */
  readonly isBuy: boolean;
  readonly timestamp: number;
  readonly price: number;
  readonly volume: number;
  readonly counter: Big;
  readonly feeBase: Big;
  readonly feeCounter: Big;
}

/** What {@linkcode OrderStore.list} selects. */
export interface OrderFilter {
  readonly pair?: string | undefined;
  readonly closed?: boolean | undefined;
  /** Exclusive, by creation. */
  readonly createdBefore?: number | undefined;
  readonly limit: number;
  /** The moment whose state is wanted. */
  readonly atMs: number;
}

const ARCHIVE_AFTER_MS = 100 * DAY_MS;
const STATES_KEPT = 20;

/** Every order of the user, oldest first. */
export class OrderStore {
  readonly #ids: string[] = [];
  readonly #states = new Map<string, Order[]>();
  readonly #idByClientOrderId = new Map<string, string>();
  readonly #live = new Map<string, Order>();

  /** Saves a new order or the next state of a known one. */
  save(order: Order): Order {
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
    return order;
  }

  /** The newest state of an order. */
  get(id: string): Order | undefined {
    return this.#states.get(id)?.at(-1);
  }

  /** An order's state at a moment; `undefined` before it was placed. */
  at(id: string, atMs: number): Order | undefined {
    return this.#states.get(id)?.findLast((state) => state.updatedAt <= atMs);
  }

  /** The id of the order that took this client order id. */
  idOf(clientOrderId: string): string | undefined {
    return this.#idByClientOrderId.get(clientOrderId);
  }

  /** Orders that are not complete, oldest first. */
  live(): IterableIterator<Order> {
    return this.#live.values();
  }

  /** Whether any order is not complete. */
  get anyLive(): boolean {
    return this.#live.size > 0;
  }

  /** Orders by filter, newest first; those archived 100 days after completion are left out. */
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
