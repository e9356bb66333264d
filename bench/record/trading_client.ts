/** A client that places and cancels orders over HTTP, and reads from the exchange itself when they arrived there. */

import { CallBudget } from "../../src/exchange/budget.ts";
import { ExchangeClient } from "../../src/exchange/client.ts";
import type { RunningSimulation } from "../../src/simulation/server.ts";

const PAIR = "XBTZAR";
/** Far enough from the market that it never fills. */
const SHARE_OF_BID = 0.96;
const PLACING_PAUSE_MS = 100;

/** One client of one server. */
export class TradingClient implements Disposable {
  readonly #url: string;
  /** A connection for each concurrent call. */
  readonly #http = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  readonly #exchange: ExchangeClient;
  #price: string | undefined;

  constructor(address: string, { url, keys }: RunningSimulation) {
    this.#url = address.replace(/^ws/, "http");
    const budget = new CallBudget({ limitPerMinute: 1_000_000 });
    this.#exchange = new ExchangeClient({ url, credentials: keys.trading, budget });
  }

  /** Places orders that rest; returns their ids. */
  async rest(count: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const answer = await this.#place("GTC");
      if (answer.status !== "placed") throw new Error(`Cannot measure as an order was not placed: ${answer.detail}`);
      ids.push(answer.order_id);
    }
    return ids;
  }

  /** Places an order now and then, each after the previous one was answered; returns the durations. */
  async placeUntil(endMs: number): Promise<number[]> {
    const times: number[] = [];
    while (performance.now() < endMs) {
      const startedMs = performance.now();
      await this.#place("IOC"); // Ends at once without a trade, so that the exchange has no orders to keep.
      times.push(performance.now() - startedMs);
      await new Promise((resolve) => setTimeout(resolve, PLACING_PAUSE_MS));
    }
    return times;
  }

  /** Cancels an order now and then; returns after how many milliseconds the exchange received each cancellation. */
  async cancelEach(ids: readonly string[], everyMs: number): Promise<number[]> {
    const asked: { readonly id: string; readonly atMs: number }[] = [];
    const answers: Promise<unknown>[] = [];
    for (const id of ids) {
      await new Promise((resolve) => setTimeout(resolve, everyMs));
      asked.push({ id, atMs: Date.now() });
      answers.push(this.#call("cancel_order", { order_id: id }));
    }
    await Promise.all(answers);
    return await Promise.all(asked.map(async ({ id, atMs }) => {
      const { expiration_timestamp: sentMs } = await this.#exchange.call("getOrder", { id });
      return sentMs === 0 ? Infinity : Math.max(0, sentMs - atMs);
    }));
  }

  [Symbol.dispose](): void {
    this.#http.close();
    this.#exchange.close();
  }

  async #place(timeInForce: "GTC" | "IOC"): Promise<{ status: string; order_id: string; detail?: string }> {
    this.#price ??= await this.#farPrice();
    const order = { pair: PAIR, side: "BUY", type: "limit", volume: "0.0005", price: this.#price };
    return await this.#call("place_order", { ...order, time_in_force: timeInForce });
  }

  async #farPrice(): Promise<string> {
    const { bid } = await this.#exchange.call("getTicker", { pair: PAIR });
    return String(Math.floor(Number(bid) * SHARE_OF_BID));
  }

  // deno-lint-ignore no-explicit-any -- what a tool answers
  async #call(tool: string, args: object): Promise<any> {
    const response = await fetch(`${this.#url}/v1/tools/${tool}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args),
      client: this.#http,
    });
    return await response.json();
  }
}
