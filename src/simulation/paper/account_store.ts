/** One identity's orders in one market as the engine keeps them: read once, written as they change. */

import type { Order, UserTrade } from "../engine/orders.ts";
import type { TradingStore } from "../engine/trading_store.ts";
import type { MarketKey, PaperOrders } from "./paper_orders.ts";

/** The orders of one identity in one market, for as long as one transaction. */
export class AccountStore implements TradingStore {
  readonly #orders: PaperOrders;
  readonly #identity: string;
  readonly #known: Map<string, Order>;

  constructor({ orders }: { readonly orders: PaperOrders }, of: MarketKey) {
    this.#orders = orders;
    this.#identity = of.identity;
    this.#known = new Map(orders.live(of).map((order) => [order.id, order]));
  }

  get(id: string): Order | undefined {
    return this.#known.get(id);
  }

  idOf(clientOrderId: string): string | undefined {
    return this.#orders.find(this.#identity, { clientOrderId })?.id;
  }

  live(): Order[] {
    return [...this.#known.values()].filter(({ status }) => status !== "COMPLETE");
  }

  save(order: Order): Order {
    this.#orders.save(this.#identity, order);
    this.#known.set(order.id, order);
    return order;
  }

  record(trade: UserTrade): void {
    this.#orders.record(this.#identity, trade);
  }
}
