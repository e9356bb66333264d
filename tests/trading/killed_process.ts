/**
 * The process that is killed: it recovers, places the orders that it is given, and writes what each caller is told to
 * standard output, a line of JSON each. At its last step it writes `"kill me"` and stands still.
 */

import { ExchangeClient } from "../../src/exchange/client.ts";
import { SIMULATED_KEYS } from "../../src/simulation/api/simulated_keys.ts";
import { OrderExecutor } from "../../src/trading/execution/executor.ts";
import { sealPolicy } from "../../src/trading/policy/policy.ts";
import { RecordInstance } from "../../src/server/instances/record_instance.ts";
import { InstanceLock } from "../../src/state/instance_lock.ts";
import { openRecord } from "../../src/state/record/sqlite/open_record.ts";
import { type Intent, NOTIONAL } from "./histories.ts";
import { Life } from "./fault_plan.ts";
import { rightsBy } from "./sending_rights.ts";

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
  const record = await openRecord({ folder, mode: "write", timeoutMs: 30_000, monotonic: () => performance.now() });
  const client = new ExchangeClient({ url, credentials: SIMULATED_KEYS.trading, wallClock: now });
  const exchange = life.exchange(client);
  const facts = { pid: Deno.pid, command: "serve", startedAt: now(), cancels: ["main"] } as const;
  const process = await RecordInstance.enter(record.instances, { ...facts, lock: InstanceLock.take(folder) });
  const instance = { id: process.id, takeOver: () => process.takeOver(["main"]) };
  const executor = new OrderExecutor({
    exchange,
    record: { ...record, journal: life.journal(record.journal) },
    scope: { venue: "", account: "main" },
    instance,
    now,
  });
  await executor.recover();
  for (const intent of intents) {
    const { identity, previewId, key, order } = intent;
    const notional = { amount: NOTIONAL, currency: "ZAR" };
    const terms = { policy: sealPolicy({ mode: "auto" }), notional };
    const result = await executor.place({ order, identity, previewId, idempotencyKey: key, ...rightsBy(() => terms) });
    write({ kind: "placement", intent, result });
  }
  await executor.stop();
  client.close();
  await process.end();
  await record.close();
}

function write(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

if (import.meta.main) await work(JSON.parse(Deno.args[0] ?? ""));
