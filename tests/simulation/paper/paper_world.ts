/** A paper exchange whose real market is a simulated one, and clients of both. */

import { CallBudget } from "../../../src/exchange/budget.ts";
import { ExchangeClient } from "../../../src/exchange/client.ts";
import type { AnswerOf } from "../../../src/exchange/endpoints.ts";
import { type PaperOptions, type RunningPaper, startPaper } from "../../../src/simulation/paper/paper.ts";
import { TestExchange, type TestExchangeOptions } from "../../support/exchange.ts";

/** What a test decides about its paper exchange. */
export interface PaperWorldOptions extends Partial<Omit<PaperOptions, "folder">> {
  /** Of the exchange that stands in for the real one. */
  readonly market?: TestExchangeOptions;
}

/** Everything of one test; disposing ends it and removes the folder. */
export class PaperWorld implements AsyncDisposable {
  readonly market: TestExchange;
  readonly folder: string;
  paper: RunningPaper;
  readonly #options: PaperOptions;
  readonly #clients: ExchangeClient[] = [];

  private constructor(market: TestExchange, options: PaperOptions, paper: RunningPaper) {
    this.market = market;
    this.folder = options.folder;
    this.#options = options;
    this.paper = paper;
  }

  static async start({ market, ...options }: PaperWorldOptions = {}): Promise<PaperWorld> {
    const exchange = await TestExchange.start(market);
    const all: PaperOptions = {
      upstream: exchange.client,
      folder: await Deno.makeTempDir(),
      now: () => exchange.clock.now,
      monotonic: () => exchange.clock.now,
      // Unless a test is about waiting orders, nobody looks after them.
      pauseMs: 3_600_000,
      ...options,
    };
    return new PaperWorld(exchange, all, await startPaper(all));
  }

  /** Ends the paper exchange and starts it anew on the same state. */
  async restart(options: Partial<PaperOptions> = {}): Promise<void> {
    await this.paper.stop();
    this.paper = await startPaper({ ...this.#options, ...options });
  }

  /** A client as the server itself uses one. */
  connect(credentials: { id: string; secret: string } | undefined = this.paper.keyFor("local")): ExchangeClient {
    const client = new ExchangeClient({
      url: this.paper.url,
      credentials,
      budget: new CallBudget({ limitPerMinute: 1_000_000 }),
      now: () => this.market.clock.now,
      wallClock: () => this.market.clock.now,
      sleep: () => Promise.resolve(),
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.paper.stop();
    await this.market[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** How often an order is read before a test gives up on it. */
const MAX_READS = 20_000;

/** An order as soon as something is so; reads it again and again. */
export async function orderWhen(
  client: ExchangeClient,
  id: string,
  isSo: (order: AnswerOf<"getOrder">) => boolean,
): Promise<AnswerOf<"getOrder">> {
  for (let read = 0; read < MAX_READS; read++) {
    const order = await client.call("getOrder", { id });
    if (isSo(order)) return order;
  }
  throw new Error(`Cannot wait longer for order ${id}`);
}

/** An order as soon as it is over. */
export async function completed(client: ExchangeClient, id: string): Promise<AnswerOf<"getOrder">> {
  return await orderWhen(client, id, ({ status }) => status === "COMPLETE");
}

/** Balances by currency: what is there and what of it is reserved. */
export async function balancesOf(client: ExchangeClient): Promise<Record<string, readonly [string, string]>> {
  const { balance } = await client.call("getBalances", {});
  return Object.fromEntries(balance.map(({ asset, balance, reserved }) => [asset, [balance, reserved]]));
}
