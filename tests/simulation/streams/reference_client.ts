/**
 * A client of the market stream written from the API reference alone, as slow and plain as can be: it shares nothing with
 * the program's own.
 */

import assert from "node:assert/strict";
import Big from "big.js";

/** JSON as a test walks through it. */
// deno-lint-ignore no-explicit-any
type Json = any;

interface Order {
  readonly side: "BID" | "ASK";
  readonly price: string;
  volume: Big;
}

/** The book of one connection; fails where the reference calls it corrupted. */
export class ReferenceClient implements Disposable {
  readonly #socket: WebSocket;
  readonly #orders = new Map<string, Order>();
  readonly trades: { sequence: number; price: string; volume: string; is_buy: boolean }[] = [];
  /** Kinds of updates that came. */
  readonly kinds = new Map<string, number>();
  keepAlives = 0;
  sequence = 0;
  problem: Error | undefined;
  #told = Promise.withResolvers<void>();
  readonly closed = Promise.withResolvers<{ code: number; reason: string }>();

  constructor(url: string, credentials: unknown) {
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () =>
      this.#socket.send(typeof credentials === "string" ? credentials : JSON.stringify(credentials));
    this.#socket.onclose = ({ code, reason }) => {
      this.closed.resolve({ code, reason });
      this.#tell();
    };
    this.#socket.onmessage = ({ data }) => {
      try {
        this.#take(data === "" ? "" : JSON.parse(data));
      } catch (error) {
        this.problem ??= error as Error;
      }
      this.#tell();
    };
  }

  /** Waits until the book stands at a sequence, or beyond. */
  async reach(sequence: number): Promise<void> {
    await this.until(() => this.sequence >= sequence);
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.problem !== undefined) throw this.problem;
      assert.equal(this.#socket.readyState <= WebSocket.OPEN, true, "the stream has ended");
      await this.#told.promise;
    }
    if (this.problem !== undefined) throw this.problem;
  }

  /** One side as REST shows it: every order, best price first; equal prices by volume. */
  orders(side: Order["side"]): { price: string; volume: string }[] {
    return [...this.#orders.values()].filter((order) => order.side === side)
      .map(({ price, volume }) => ({ price: new Big(price).toFixed(), volume: volume.toFixed() }))
      .sort(inOrder(side));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  get ids(): ReadonlySet<string> {
    return new Set(this.#orders.keys());
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  #tell(): void {
    const { resolve } = this.#told;
    this.#told = Promise.withResolvers();
    resolve();
  }

  #take(frame: Json): void {
    if (frame === "") {
      this.keepAlives++;
      return;
    }
    assert.equal(frame.error_code, undefined, JSON.stringify(frame));
    assert.equal(typeof frame.sequence, "string");
    const sequence = Number(frame.sequence);
    if (frame.asks !== undefined) {
      assert.equal(this.sequence, 0, "a second snapshot");
      for (const { id, price, volume } of frame.asks) this.#create({ order_id: id, type: "ASK", price, volume });
      for (const { id, price, volume } of frame.bids) this.#create({ order_id: id, type: "BID", price, volume });
    } else {
      assert.equal(sequence, this.sequence + 1, "a gap");
      this.#update(frame);
    }
    const [bid, ask] = [this.orders("BID")[0], this.orders("ASK")[0]];
    assert.ok(bid === undefined || ask === undefined || new Big(bid.price).lt(ask.price), "a crossed book");
    this.sequence = sequence;
  }

  #update({ trade_updates, create_update, delete_update, status_update }: Json): void {
    const kind = trade_updates.length > 0 ? "trade" : create_update ? "create" : delete_update ? "delete" : "empty";
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1);
    for (const { sequence, base, counter, maker_order_id, order_id } of trade_updates) {
      assert.equal(order_id, maker_order_id);
      const maker = this.#orders.get(maker_order_id);
      assert.ok(maker, `a trade with ${maker_order_id}, which is not there`);
      assert.equal(new Big(maker.price).times(base).eq(counter), true, "a counter amount that is not the maker's");
      maker.volume = maker.volume.minus(base);
      assert.ok(maker.volume.gte(0), "a volume below zero");
      if (maker.volume.eq(0)) this.#orders.delete(maker_order_id);
      this.trades.push({ sequence, price: new Big(maker.price).toFixed(), volume: base, is_buy: maker.side === "ASK" });
    }
    if (create_update) this.#create(create_update);
    if (delete_update) assert.ok(this.#orders.delete(delete_update.order_id), "a deletion of nothing");
    assert.equal(status_update, null);
  }

  #create({ order_id, type, price, volume }: Json): void {
    assert.equal(this.#orders.has(order_id), false, `${order_id} is there already`);
    this.#orders.set(order_id, { side: type, price, volume: new Big(volume) });
  }
}

/** How {@linkcode ReferenceClient.orders} sorts. */
export function inOrder(
  side: Order["side"],
): (a: { price: string; volume: string }, b: { price: string; volume: string }) => number {
  const sign = side === "BID" ? -1 : 1;
  return (a, b) => sign * new Big(a.price).cmp(b.price) || new Big(a.volume).cmp(b.volume);
}
