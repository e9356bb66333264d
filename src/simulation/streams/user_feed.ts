/** The user stream: every change of an own order, every fill, every ledger row; kept for five minutes. */

import type { Accounts } from "../engine/accounts.ts";
import type { LedgerRow } from "../engine/ledger.ts";
import type { OrderStore } from "../engine/order_store.ts";
import type { Order } from "../engine/orders.ts";
import { bareNumber, printDecimal } from "../api/print_numbers.ts";

interface Message {
  readonly atMs: number;
  readonly text: string;
}

/** How long messages are kept for clients that reconnect. */
const KEPT_MS = 300_000;

/** A client that reconnects gets the messages of the last moments again. */
const OVERLAP_MS = 1_000;

/** Bounds the memory of a burst of orders. */
const MOST_KEPT = 10_000;

/** The messages of the one user. */
export class UserFeed {
  readonly #now: () => number;
  readonly #kept: Message[] = [];
  #published: string[] = [];
  /** When the last listener left; infinite while there is one, and before the first. */
  #silentSinceMs = Infinity;

  /** Records everything from now on; `now` is the exchange's clock. */
  constructor({ orders, accounts, now }: { orders: OrderStore; accounts: Accounts; now: () => number }) {
    this.#now = now;
    orders.changed = (after, before) => this.#orderChanged(after, before);
    accounts.moved = (accountId, row) => this.#balanceMoved(accountId, row);
  }

  /** The events since the last call, oldest first. */
  take(): readonly string[] {
    if (this.#published.length === 0) return [];
    const taken = this.#published;
    this.#published = [];
    return taken;
  }

  /** The messages that a connecting client has missed, possibly including some that it has not. */
  missed(): readonly string[] {
    this.#forget();
    return this.#kept.filter(({ atMs }) => atMs >= this.#silentSinceMs - OVERLAP_MS).map(({ text }) => text);
  }

  /** The last listener has left. */
  leave(): void {
    this.#silentSinceMs = this.#now();
  }

  #orderChanged(after: Order, before: Order | undefined): void {
    const order = { order_id: after.id, client_order_id: after.clientOrderId, market_id: after.market.id };
    if (before !== undefined && after.filled > before.filled) {
      this.#publish("order_fill", after.updatedAt, {
        ...order,
        base_fill: printDecimal(after.base),
        counter_fill: printDecimal(after.counter),
        base_delta: printDecimal(after.base.minus(before.base)),
        counter_delta: printDecimal(after.counter.minus(before.counter)),
        base_fee: printDecimal(after.feeBase),
        counter_fee: printDecimal(after.feeCounter),
        base_fee_delta: printDecimal(after.feeBase.minus(before.feeBase)),
        counter_fee_delta: printDecimal(after.feeCounter.minus(before.feeCounter)),
      });
    }
    if (after.status !== before?.status) {
      this.#publish("order_status", after.updatedAt, { ...order, status: after.status });
    }
  }

  #balanceMoved(accountId: string, row: LedgerRow): void {
    this.#publish("balance_update", row.timestamp, {
      account_id: bareNumber(accountId),
      row_index: row.index,
      balance: printDecimal(row.balance),
      balance_delta: printDecimal(row.balanceDelta),
      available: printDecimal(row.available),
      available_delta: printDecimal(row.availableDelta),
    });
  }

  #publish(type: "order_status" | "order_fill" | "balance_update", timestamp: number, content: object): void {
    const text = JSON.stringify({
      type,
      timestamp,
      order_status_update: type === "order_status" ? content : null,
      order_fill_update: type === "order_fill" ? content : null,
      balance_update: type === "balance_update" ? content : null,
    });
    this.#published.push(text);
    this.#kept.push({ atMs: this.#now(), text });
    this.#forget();
  }

  #forget(): void {
    const oldest = this.#now() - KEPT_MS;
    let gone = Math.max(0, this.#kept.length - MOST_KEPT);
    while ((this.#kept[gone]?.atMs ?? Infinity) < oldest) gone++;
    this.#kept.splice(0, gone);
  }
}
