/** An account over a simulated exchange: its news, and reads through them as everybody makes them. */

import Big from "big.js";
import { CallBudget } from "../../../src/exchange/budget.ts";
import { ExchangeClient } from "../../../src/exchange/client.ts";
import type { StreamParts } from "../../../src/exchange/stream/stream_link.ts";
import type { UserEvent } from "../../../src/exchange/stream/user_frames.ts";
import { LiveAccount } from "../../../src/market/live/live_account.ts";
import { SharedReads } from "../../../src/market/shared_reads.ts";
import { SIMULATED_KEYS } from "../../../src/simulation/api/simulated_keys.ts";
import { FakeClock } from "../../exchange/fake_clock.ts";
import { partsOf } from "../../exchange/stream/streams.ts";
import { TestExchange, type TestExchangeOptions } from "../../support/exchange.ts";

/** A price far below the market's. */
const LOW = "100000";

/** The exchange's clock and ours are two. */
export class AccountWorld implements AsyncDisposable {
  readonly exchange: TestExchange;
  readonly clock = new FakeClock();
  readonly client: ExchangeClient;
  readonly account: LiveAccount;
  readonly shared: SharedReads;
  readonly events: UserEvent[] = [];
  #told = Promise.withResolvers<void>();

  private constructor(exchange: TestExchange, parts: Partial<StreamParts>) {
    this.exchange = exchange;
    const { now, sleep } = this.clock;
    this.client = new ExchangeClient({
      url: exchange.simulation.url,
      credentials: SIMULATED_KEYS.trading,
      budget: new CallBudget({ limitPerMinute: 100_000 }),
      now,
      wallClock: () => exchange.clock.now,
      sleep: () => Promise.resolve(),
    });
    this.account = new LiveAccount({ ...partsOf(exchange.simulation.url, this.clock), sleep, ...parts });
    this.shared = new SharedReads(this.client, { now, account: this.account });
    const forget = () => this.shared.forgetAccount();
    this.account.follow({ changed: forget, connected: forget, lost: forget });
    const tell = () => {
      const { resolve } = this.#told;
      this.#told = Promise.withResolvers();
      resolve();
    };
    this.account.follow({
      changed: (event) => {
        this.events.push(event);
        tell();
      },
      connected: tell,
      lost: tell,
    });
  }

  static async start(options: TestExchangeOptions = {}, parts: Partial<StreamParts> = {}): Promise<AccountWorld> {
    return new AccountWorld(await TestExchange.start(options), parts);
  }

  /** Waits for what the account tells. */
  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await this.#told.promise;
  }

  /** Places an order that rests, or that trades at once. */
  async place(
    volume: string,
    { crosses = false, ...rest }: { crosses?: boolean; client_order_id?: string } = {},
  ): Promise<string> {
    const { ask } = await this.client.call("getTicker", { pair: "XBTZAR" });
    const price = crosses ? new Big(ask).times(1.01).round(0).toFixed() : LOW;
    const { order_id } = await this.client.call("postLimitOrder", {
      pair: "XBTZAR",
      type: "BID",
      price,
      volume,
      ...rest,
    });
    return order_id;
  }

  /** The state that was told of an order last. */
  statusOf(id: string): string | undefined {
    return this.events.flatMap((event) =>
      event.type === "order_status" && event.status.order_id === id ? [event.status.status] : []
    ).at(-1);
  }

  /** Places orders until one is told of: the exchange says nothing of a key that it has let in. */
  async live(): Promise<void> {
    while (!this.account.isLive) {
      await this.place("0.001");
      await Promise.race([this.until(() => this.account.isLive), new Promise((resolve) => setTimeout(resolve, 50))]);
    }
  }

  /** Moves our clock on until something has come of it. */
  async advanceUntil(isThere: () => boolean, stepMs: number): Promise<void> {
    while (!isThere()) {
      await this.clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** What a read comes to on a clock that moves on. */
  async readWhileMoving<Answer>(reading: Promise<Answer>): Promise<Answer> {
    let isOver = false;
    const over = () => void (isOver = true);
    reading.then(over, over);
    await this.advanceUntil(() => isOver, 50);
    return await reading;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.account.close();
    this.client.close();
    await this.exchange[Symbol.asyncDispose]();
  }
}
