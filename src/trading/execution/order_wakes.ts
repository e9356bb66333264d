/** Ends the pauses between lookups of an order as soon as the exchange reports a change of it. */

import type { OwnOrder } from "../../exchange/stream/own_order.ts";
import type { Sleep } from "../../timing/sleep.ts";

/** A caller that looks up one order repeatedly. */
export class OrderWait implements Disposable {
  readonly #left: () => void;
  #isNews = false;
  #wake = new AbortController();
  #told: OwnOrder | undefined;

  constructor(told: OwnOrder | undefined, left: () => void) {
    this.#told = told;
    this.#left = left;
  }

  /** The latest message about the order, also from before the wait began. */
  get told(): OwnOrder | undefined {
    return this.#told;
  }

  /** Waits this long, or until a message that has not ended a pause yet; `false` when the signal ended the wait. */
  async slept(
    { sleep, signal }: { readonly sleep: Sleep; readonly signal: AbortSignal },
    ms: number,
  ): Promise<boolean> {
    if (!this.#isNews && !signal.aborted) {
      this.#wake = new AbortController();
      await sleep(ms, AbortSignal.any([signal, this.#wake.signal])).catch(() => {});
    }
    this.#isNews = false;
    return !signal.aborted;
  }

  hear(order: OwnOrder): void {
    this.#told = order;
    this.#isNews = true;
    this.#wake.abort();
  }

  [Symbol.dispose](): void {
    this.#left();
  }
}

/** The most existing orders that are remembered; more messages than a request can outlast. */
const MOST_REMEMBERED = 1_000;

/** The waits for orders. */
export class OrderWakes {
  readonly #waiting = new Map<string, Set<OrderWait>>();
  /** By client order id: a message may come before the answer to a request is doubted. */
  readonly #told = new Map<string, OwnOrder>();

  /** Waits for an order, by client order id or the exchange's id, until disposed of. */
  wait(id: string): OrderWait {
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    const wait: OrderWait = new OrderWait(this.#told.get(id), () => {
      waiting.delete(wait);
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    });
    waiting.add(wait);
    return wait;
  }

  /** Whether an order is waited for. */
  isAwaited(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Waits for existence are ended by every message, waits for the end only by that of the end. */
  tell(order: OwnOrder): void {
    this.#remember(order);
    const ids = order.status === "COMPLETE" ? [order.clientOrderId, order.orderId] : [order.clientOrderId];
    for (const id of ids) for (const wait of [...this.#waiting.get(id) ?? []]) wait.hear(order);
  }

  #remember(order: OwnOrder): void {
    const { clientOrderId } = order;
    if (clientOrderId === "") return;
    this.#told.delete(clientOrderId);
    this.#told.set(clientOrderId, order);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MOST_REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
  }
}
