/** What trading of the program needs: an exchange that outlives it, a folder for its state, and its command line. */

import assert from "node:assert/strict";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import type { Order as LedgerOrder } from "../../src/simulation/engine/orders.ts";
import type { Json } from "../support/exchange.ts";
import { FaultyExchange } from "../trading/faulty_exchange.ts";
import { runProgram } from "./program.ts";
import type { Program } from "./program.ts";
import { startServer } from "./servers.ts";
import type { RunningServer } from "./servers.ts";

/** A buy that rests, as a caller asks for it: well below the market, and within the price band. */
export const RESTING = { pair: "XBTZAR", side: "BUY", type: "limit", volume: "0.001" } as const;

/** A simulated exchange on the real clock with a state folder beside it; disposing removes both. */
export class TradingWorld implements AsyncDisposable {
  readonly exchange: FaultyExchange;
  readonly state: string;
  readonly env: Readonly<Record<string, string>> = {
    LUNO_API_KEY: SIMULATED_KEYS.trading.id,
    LUNO_API_SECRET: SIMULATED_KEYS.trading.secret,
  };
  readonly #startMs = Date.now();

  private constructor(state: string) {
    this.state = state;
    this.exchange = new FaultyExchange({
      clock: {
        get now() {
          return Date.now();
        },
      },
    });
  }

  static async start(): Promise<TradingWorld> {
    return new TradingWorld(await Deno.makeTempDir());
  }

  get policyPath(): string {
    return `${this.state}/policy.json`;
  }

  /** The flags of a server that trades here. */
  flags(trading: "confirm" | "auto", ...more: readonly string[]): string[] {
    return ["--trading", trading, "--state", this.state, "--api-url", this.exchange.url, ...more];
  }

  /** Starts a server on the network. */
  async serve(
    program: Program,
    trading: "confirm" | "auto",
    { flags = [], exchange = "live" }: { readonly flags?: readonly string[]; readonly exchange?: "live" | "paper" } =
      {},
  ): Promise<RunningServer> {
    return await startServer(program, this.flags(trading, ...flags), { exchange, env: this.env });
  }

  /** Runs a command on the state folder to its end. */
  async command(program: Program, ...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runProgram(program, [...args, "--state", this.state]);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /** Writes a policy file; answers the flag for it. */
  async policy(content: object): Promise<string[]> {
    await Deno.writeTextFile(this.policyPath, JSON.stringify(content), { mode: 0o600 });
    return ["--policy", this.policyPath];
  }

  /** A buy that rests: four percent below the last price. */
  async resting(changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.exchange.url}/api/1/ticker?pair=XBTZAR`);
    const { bid } = await response.json();
    return { ...RESTING, price: String(Math.floor(Number(bid) * 0.96)), ...changes };
  }

  /** A sell just below the highest bid, which several orders there fill; a rest waits for the market. */
  async crossing(): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.exchange.url}/api/1/ticker?pair=XBTZAR`);
    const { bid } = await response.json();
    return { ...RESTING, side: "SELL", volume: "0.03", price: String(Math.floor(Number(bid) * 0.998)) };
  }

  /** Orders that the exchange took of servers here, oldest first. */
  get orders(): readonly LedgerOrder[] {
    return this.exchange.createdSince(this.#startMs).filter(({ clientOrderId }) => clientOrderId.startsWith("lm-"));
  }

  /** All orders that the exchange ever took of servers, oldest first. */
  get ledger(): readonly LedgerOrder[] {
    return this.exchange.ledger.filter(({ clientOrderId }) => clientOrderId.startsWith("lm-"));
  }

  /** Paths of everything that changes something at the exchange. */
  get sent(): string[] {
    return this.exchange.seen.filter(({ method }) => method !== "GET").map(({ path }) => path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.exchange[Symbol.asyncDispose]();
    await Deno.remove(this.state, { recursive: true });
  }
}

/** Calls a tool over REST; what it answers, or its problem. A test that fails meanwhile leaves it unheard. */
export function callTool(
  server: RunningServer,
  name: string,
  ...[args, key]: [args: Record<string, unknown>, key?: string]
): Promise<Json> {
  const answer = postCall(`${server.http}/v1/tools/${name}`, args, key);
  answer.catch(() => {});
  return answer;
}

/** Calls a tool over REST at an address; what is answered, or its problem. */
export async function postCall(url: string, args: Record<string, unknown>, key?: string): Promise<Json> {
  const authorization: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const headers = { "content-type": "application/json", ...authorization };
  const response = await fetch(url, { method: "POST", body: JSON.stringify(args), headers });
  return await response.json();
}
