/** A paper exchange whose real market is a simulated one, and clients of both. */

import { CallBudget } from "../../../src/exchange/budget.ts";
import { ExchangeClient } from "../../../src/exchange/client.ts";
import type { AnswerOf } from "../../../src/exchange/endpoints.ts";
import { join } from "node:path";
import type { PaperLedger } from "../../../src/simulation/paper/ledger.ts";
import { type Balances, INITIAL_BALANCES } from "../../../src/simulation/paper/openings.ts";
import { type PaperOptions, type RunningPaper, startPaper } from "../../../src/simulation/paper/paper.ts";
import { openPaperLedger, PAPER_FILE } from "../../../src/state/record/sqlite/open_paper_ledger.ts";
import { TestExchange, type TestExchangeOptions } from "../../support/exchange.ts";

/** What a test decides about its paper exchange. */
export interface PaperWorldOptions extends Partial<PaperOptions> {
  /** @default INITIAL_BALANCES */
  readonly initialBalances?: Balances;
  /** Of the exchange that stands in for the real one. */
  readonly market?: TestExchangeOptions;
}

/** Everything of one test; disposing ends it and removes the folder. */
export class PaperWorld implements AsyncDisposable {
  readonly market: TestExchange;
  readonly folder: string;
  paper: RunningPaper;
  readonly #options: Omit<PaperOptions, "ledger">;
  readonly #clients: ExchangeClient[] = [];

  private constructor(
    market: TestExchange,
    { folder, ...options }: Omit<PaperOptions, "ledger"> & { folder: string },
    paper: RunningPaper,
  ) {
    this.market = market;
    this.folder = folder;
    this.#options = options;
    this.paper = paper;
  }

  static async start({ market, initialBalances, ...options }: PaperWorldOptions = {}): Promise<PaperWorld> {
    const exchange = await TestExchange.start(market);
    const folder = await Deno.makeTempDir();
    const all = {
      upstream: exchange.client,
      folder,
      now: () => exchange.clock.now,
      monotonic: () => exchange.clock.now,
      // Unless a test is about waiting orders, nobody looks after them.
      pauseMs: 3_600_000,
      ...options,
    };
    const ledger = await openLedger(folder, initialBalances);
    return new PaperWorld(exchange, all, await startPaper({ ledger, ...all }));
  }

  /** Ends the paper exchange and starts it anew on the same state. */
  async restart(options: Partial<PaperOptions> = {}): Promise<void> {
    await this.paper.stop();
    this.paper = await startPaper({ ledger: await openLedger(this.folder), ...this.#options, ...options });
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

/** The ledger in a folder, for another process's eyes as well. */
export async function openLedger(
  folder: string,
  openings: Balances | undefined = INITIAL_BALANCES,
): Promise<PaperLedger> {
  const waiting = { timeoutMs: 0, monotonic: () => performance.now() };
  return await openPaperLedger({ path: join(folder, PAPER_FILE), openings, ...waiting });
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
