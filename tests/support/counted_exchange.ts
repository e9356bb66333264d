/** A simulation whose requests are counted, for concurrent readers on clocks that a test moves. */

import { CallBudget } from "../../src/exchange/budget.ts";
import { ExchangeClient } from "../../src/exchange/client.ts";
import { Markets } from "../../src/market/pairs.ts";
import { SharedReads } from "../../src/market/shared_reads.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import type { ToolContext } from "../../src/tools/tool.ts";
import { callerOf } from "./callers.ts";
import { TestExchange } from "./exchange.ts";
import type { TestExchangeOptions } from "./exchange.ts";

/** Requests to the exchange, such as `/api/1/ticker?pair=XBTZAR`. */
export class CountedExchange implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly shared: SharedReads;
  readonly markets: Markets;
  readonly exchange: TestExchange;
  readonly #client: ExchangeClient;
  /** Of the readers; monotonic. */
  #monotonicMs = 0;

  private constructor(exchange: TestExchange) {
    this.exchange = exchange;
    this.#client = new ExchangeClient({
      url: exchange.simulation.url,
      credentials: SIMULATED_KEYS.trading,
      budget: new CallBudget({ limitPerMinute: 100_000 }),
      sleep: () => Promise.resolve(),
      fetch: (input, init) => {
        const { pathname, search } = new URL(input instanceof Request ? input.url : input);
        this.requests.push(`${pathname}${search}`);
        return fetch(input, init);
      },
    });
    const now = () => this.#monotonicMs;
    this.shared = new SharedReads(this.#client, { now, wallClock: () => exchange.clock.now });
    this.markets = new Markets(this.shared, { now });
  }

  static async start(options: TestExchangeOptions = {}): Promise<CountedExchange> {
    return new CountedExchange(await TestExchange.start(options));
  }

  /** Moves time on, for the exchange and for its readers. */
  pass(ms: number): void {
    this.#monotonicMs += ms;
    this.exchange.clock.now += ms;
  }

  /** Counts the requests for this path, with any query. */
  count(path: string): number {
    return this.requests.filter((request) => request.startsWith(path)).length;
  }

  /** The context of a caller's tools, as a server creates it. */
  contextOf(caller = callerOf()): ToolContext {
    const { shared, markets } = this;
    const now = () => this.exchange.clock.now;
    const market = { exchange: shared, markets, now, monotonic: () => this.#monotonicMs };
    return { ...this.exchange.context, caller, exchange: shared.as(caller.identity), markets, market, now };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.exchange[Symbol.asyncDispose]();
  }
}
