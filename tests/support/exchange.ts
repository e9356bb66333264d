/** A simulated exchange on a clock that a test moves, with clients, markets and tool contexts for it. */

import assert from "node:assert/strict";
import { CallBudget } from "../../src/exchange/budget.ts";
import { ExchangeClient, type ExchangeClientOptions } from "../../src/exchange/client.ts";
import { Markets } from "../../src/market/pairs.ts";
import type { Exchange } from "../../src/market/exchange_port.ts";
import type { ToolOutcome } from "../../src/protocol/tool_call.ts";
import type { ToolError } from "../../src/protocol/tool_error.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { type RunningSimulation, type ServerOptions, startSimulation } from "../../src/simulation/server.ts";
import { callChecked } from "./checked_call.ts";
import { callerOf } from "./callers.ts";
import { priceModelOf } from "./price_models.ts";
import { selectTools } from "../../src/tools/catalogue.ts";
import type { ToolContext } from "../../src/tools/tool.ts";

/** Sunday, 22 November 2026, 10:07:31 UTC: in the middle of every candle. */
export const START_MS = Date.UTC(2026, 10, 22, 10, 7, 31);

/** Every tool and alias. */
export const everyTool = selectTools(["market", "account", "server"]);

/** JSON without a type, for tests to navigate. */
// deno-lint-ignore no-explicit-any
export type Json = any;

/** How a client of the exchange differs from the default. */
export interface ClientSettings extends Partial<ExchangeClientOptions> {
  /**
   * The client's key; `null` for none.
   *
   * @default "trading"
   */
  readonly key?: keyof typeof SIMULATED_KEYS | null;
}

/** Options of the simulation, without its clock and address. */
export type TestExchangeOptions = Omit<ServerOptions, "now" | "port" | "hostname" | "signal">;

/**
 * A running simulation (seed 7, no rate limit) and one client with the trading key. Disposing ends the simulation and
 * every client that was made here:
 *
 *     await using exchange = await TestExchange.start();
 *     const { bid } = await exchange.answer("get_crypto_price", { pair: "XBTZAR" });
 */
export class TestExchange implements AsyncDisposable {
  /** The wall clock of exchange and tools; stands still until a test moves it. */
  readonly clock: { now: number };
  readonly simulation: RunningSimulation;
  /** The context of the client with the trading key. */
  readonly context: ToolContext;
  readonly #clients: ExchangeClient[] = [];

  private constructor(simulation: RunningSimulation, clock: { now: number }) {
    this.simulation = simulation;
    this.clock = clock;
    this.context = this.connect();
  }

  static async start(options: TestExchangeOptions = {}): Promise<TestExchange> {
    const clock = { now: START_MS };
    const { seed = 7 } = options;
    const simulation = await startSimulation({
      rateLimitPerMinute: 0,
      connectionResets: false,
      model: priceModelOf(seed),
      ...options,
      seed,
      now: () => clock.now,
    });
    return new TestExchange(simulation, clock);
  }

  /** The client with the trading key, for calls that no tool makes, such as placing an order. */
  get client(): Exchange {
    return this.context.exchange;
  }

  /** Creates one more client of this exchange, which retries without a delay, and the context of its tools. */
  connect({ key = "trading", ...options }: ClientSettings = {}): ToolContext {
    const exchange = new ExchangeClient({
      url: this.simulation.url,
      credentials: key === null ? undefined : SIMULATED_KEYS[key],
      budget: new CallBudget({ limitPerMinute: 100_000 }),
      now: () => this.clock.now,
      wallClock: () => this.clock.now,
      sleep: () => Promise.resolve(),
      ...options,
    });
    this.#clients.push(exchange);
    return {
      caller: callerOf(),
      exchange,
      markets: new Markets(exchange),
      signal: new AbortController().signal,
      now: () => this.clock.now,
      isPaper: false,
      server: {
        name: "luno-mcp-server",
        version: "0.0.0",
        exchange: "simulated",
        trading: "off",
        tools: selectTools(["market", "account", "server"]).listed,
      },
    };
  }

  /** The answer of a tool. */
  async answer(name: string, args: Record<string, unknown> = {}, context: ToolContext = this.context): Promise<Json> {
    const outcome = await runTool(name, args, context);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return outcome.value;
  }

  /** The error of a tool. */
  async refusal(
    name: string,
    args: Record<string, unknown> = {},
    context: ToolContext = this.context,
  ): Promise<ToolError> {
    const outcome = await runTool(name, args, context);
    assert.ok(!outcome.ok, `${name} answered ${JSON.stringify(outcome)}`);
    return outcome.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.simulation.stop();
  }
}

/** Runs a tool, by name or alias, as every caller does; its answer is checked against its schema. */
export async function runTool(name: string, args: unknown, context: ToolContext): Promise<ToolOutcome> {
  const tool = everyTool.find(name);
  assert.ok(tool, `there is no tool ${name}`);
  return await callChecked(tool, args, context);
}
