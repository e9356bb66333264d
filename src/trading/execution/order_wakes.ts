/** Ends the pauses of those who look for an order as soon as the exchange tells of it. */

import type { OwnOrder } from "../../exchange/stream/own_order.ts";
import type { Sleep } from "../../timing/sleep.ts";

/** Somebody who looks for one order again and again. */
export class OrderWait implements Disposable {
  readonly #left: () => void;
  #isNews = false;
  #wake = new AbortController();
  #told: OwnOrder | undefined;

  constructor(told: OwnOrder | undefined, left: () => void) {
    this.#told = told;
    this.#left = left;
  }

  /** What was told of the order last, also before it was waited for. */
  get told(): OwnOrder | undefined {
    return this.#told;
  }

  /** Waits for so long, or until something is told that no pause has ended for yet; `false` where the signal ended it. */
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

/** Orders that are known to exist; a request is answered, or given up, before so many others are told of. */
const MOST_REMEMBERED = 1_000;

/** Who waits for which orders. */
export class OrderWakes {
  readonly #waiting = new Map<string, Set<OrderWait>>();
  /** By the id that orders were sent with: what is told may come before somebody doubts the answer to a request. */
  readonly #told = new Map<string, OwnOrder>();

  /** Waits for an order, by the id that it was sent with or by the exchange's, until it is disposed of. */
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

  /** Whether anybody waits for an order. */
  isAwaited(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** Who waits for its existence hears of everything, who waits for its end of that alone. */
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
