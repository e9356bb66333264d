/**
 * The process that is killed: it recovers, places the orders that it is given, and writes what each caller is told to
 * standard output, a line of JSON each. At its last step it writes `"kill me"` and stands still.
 */

import { ExchangeClient } from "../../src/exchange/client.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/keys.ts";
import { Desk } from "../../src/trading/desk.ts";
import { sealPolicy } from "../../src/trading/policy.ts";
import { TradingStore } from "../../src/trading/store.ts";
import { type Intent, NOTIONAL } from "./histories.ts";
import { Life } from "./perils.ts";

/** What it is to do, as JSON in its first argument. */
export interface KilledWork {
  readonly url: string;
  readonly folder: string;
  readonly intents: readonly Intent[];
  /** `null`: it lives to its end. */
  readonly steps: number | null;
}

/** What it writes at the step at which it is to be killed. */
export const KILL_ME = "kill me";

async function work({ url, folder, intents, steps }: KilledWork): Promise<void> {
  const life = new Life(steps ?? Infinity, {
    die: () => {
      write(KILL_ME);
      for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    },
  });
  const store = TradingStore.open(folder, { now: Date.now });
  const client = new ExchangeClient({ url, credentials: SIMULATED_KEYS.trading });
  const { journal, audit } = store;
  const exchange = life.exchange(client);
  const process = store.instances.enter({ pid: Deno.pid, command: "serve", startedAt: Date.now(), cancels: ["real"] });
  const instance = { id: process.id, takeOver: () => process.takeOver(["real"]) };
  const desk = new Desk({ exchange, journal: life.journal(journal), audit, instance, paper: false, now: Date.now });
  await desk.recover();
  for (const intent of intents) {
    const { identity, previewId, key, order } = intent;
    const notional = { amount: NOTIONAL, currency: "ZAR" };
    const terms = { policy: sealPolicy({ mode: "auto" }), notional };
    const result = await desk.place({ order, identity, previewId, idempotencyKey: key, termsOf: () => terms });
    write({ kind: "placement", intent, result });
  }
  await desk.stop();
  client.close();
  process.end();
  store.close();
}

function write(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

if (import.meta.main) await work(JSON.parse(Deno.args[0] ?? ""));
