/**
 * The process that is killed: it recovers, places the orders that it is given, and writes what each caller is told to
 * standard output, a line of JSON each. At its last step it writes `"kill me"` and stands still.
 */

import { ExchangeClient } from "../../src/exchange/client.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { OrderExecutor } from "../../src/trading/execution/executor.ts";
import { sealPolicy } from "../../src/trading/policy/policy.ts";
import { TradingStore } from "../../src/trading/record/store.ts";
import { type Intent, NOTIONAL } from "./histories.ts";
import { Life } from "./fault_plan.ts";

/** What it is to do, as JSON in its first argument. */
export interface KilledWork {
  readonly url: string;
  readonly folder: string;
  readonly intents: readonly Intent[];
  /** The step at which it is killed; `null`: it lives to its end. */
  readonly steps: number | null;
  /** The step at which it stops itself, to go on at a SIGCONT; `null`: at none. */
  readonly stopAt: number | null;
  /** What its clock is ahead of the real one. */
  readonly aheadMs: number;
}

/** What it writes at the step at which it is to be killed. */
export const KILL_ME = "kill me";

/** What it writes at the step at which it stops. */
export const STOPPED = "stopped";

async function work({ url, folder, intents, steps, stopAt, aheadMs }: KilledWork): Promise<void> {
  const now = () => Date.now() + aheadMs;
  let taken = 0;
  const life = new Life(steps ?? Infinity, {
    before: () => {
      if (++taken !== stopAt) return;
      write(STOPPED);
      Deno.kill(Deno.pid, "SIGSTOP");
    },
    die: () => {
      write(KILL_ME);
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
  });
  const store = TradingStore.open(folder, { now });
  const client = new ExchangeClient({ url, credentials: SIMULATED_KEYS.trading, wallClock: now });
  const { journal, audit } = store;
  const exchange = life.exchange(client);
  const process = store.instances.enter({ pid: Deno.pid, command: "serve", startedAt: now(), cancels: ["real"] });
  const instance = { id: process.id, takeOver: () => process.takeOver(["real"]) };
  const executor = new OrderExecutor({ exchange, journal: life.journal(journal), audit, instance, paper: false, now });
  await executor.recover();
  for (const intent of intents) {
    const { identity, previewId, key, order } = intent;
    const notional = { amount: NOTIONAL, currency: "ZAR" };
    const terms = { policy: sealPolicy({ mode: "auto" }), notional };
    const result = await executor.place({ order, identity, previewId, idempotencyKey: key, termsOf: () => terms });
    write({ kind: "placement", intent, result });
  }
  await executor.stop();
  client.close();
  process.end();
  store.close();
}

function write(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

if (import.meta.main) await work(JSON.parse(Deno.args[0] ?? ""));
