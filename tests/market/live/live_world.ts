/** Live markets over a simulated exchange, and reads through them as everybody makes them. */

import { CallBudget } from "../../../src/exchange/budget.ts";
import { ExchangeClient } from "../../../src/exchange/client.ts";
import { LiveMarkets } from "../../../src/market/live/live_markets.ts";
import { liveSources } from "../../../src/market/live/live_sources.ts";
import { SharedReads } from "../../../src/market/shared_reads.ts";
import { SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import { TestExchange, type TestExchangeOptions } from "../../support/exchange.ts";
import { FakeClock } from "../../exchange/fake_clock.ts";
import { partsOf } from "../../exchange/stream/streams.ts";

/** How a {@linkcode LiveWorld} differs from the usual one. */
export interface LiveWorldOptions extends TestExchangeOptions {
  readonly maxPairs?: number;
}

/** A simulated exchange, a client of it, and its markets over streams. Two clocks: the exchange's, and ours. */
export class LiveWorld implements AsyncDisposable {
  readonly exchange: TestExchange;
  readonly clock = new FakeClock();
  readonly client: ExchangeClient;
  readonly markets: LiveMarkets;
  readonly shared: SharedReads;

  private constructor(exchange: TestExchange, { maxPairs }: LiveWorldOptions) {
    this.exchange = exchange;
    const wallClock = () => exchange.clock.now;
    const { now } = this.clock;
    this.client = new ExchangeClient({
      url: exchange.simulation.url,
      credentials: SIMULATED_KEYS.trading,
      budget: new CallBudget({ limitPerMinute: 100_000 }),
      now,
      wallClock,
      sleep: () => Promise.resolve(),
    });
    this.markets = new LiveMarkets({
      ...partsOf(exchange.simulation.url, this.clock),
      wallClock,
      ...(maxPairs === undefined ? {} : { maxPairs }),
    });
    this.shared = new SharedReads(this.client, { now, wallClock, sources: liveSources(this.markets, this.clock) });
  }

  static async start(options: LiveWorldOptions = {}): Promise<LiveWorld> {
    const { maxPairs, ...settings } = options;
    return new LiveWorld(await TestExchange.start(settings), { ...(maxPairs === undefined ? {} : { maxPairs }) });
  }

  /** Requests that the exchange was sent. */
  get calls(): number {
    return this.client.callCounts.reduce((sum, { count }) => sum + count, 0);
  }

  /** Waits until a market is as wanted; its stream tells when to look again. */
  async until(pair: string, isThere: () => boolean): Promise<void> {
    let told = Promise.withResolvers<void>();
    using _watching = this.markets.watch(pair, () => {
      told.resolve();
      told = Promise.withResolvers();
    });
    while (!isThere()) await told.promise;
  }

  /** Begins a pair's stream and waits for its snapshot. */
  async follow(pair: string): Promise<void> {
    await this.until(pair, () => this.markets.peek(pair)?.isFresh === true);
  }

  /** Moves the exchange's clock on, and waits until the stream has told all of it. */
  async pass(pair: string, milliseconds: number): Promise<void> {
    this.exchange.clock.now += milliseconds;
    const response = await fetch(`${this.exchange.simulation.url}/api/1/ticker?pair=${pair}`);
    await response.body?.cancel();
    const sequence = BigInt(response.headers.get("x-simulated-sequence") ?? "0");
    await this.until(pair, () => (this.markets.peek(pair)?.sequence ?? 0n) >= sequence);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.markets.close();
    this.client.close();
    await this.exchange[Symbol.asyncDispose]();
  }
}
