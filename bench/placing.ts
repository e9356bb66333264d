/** Placing orders through an executor on a record of any kind, as benchmarks do. */

import type { ExchangeClient } from "../src/exchange/client.ts";
import { OrderExecutor } from "../src/trading/execution/executor.ts";
import type { TradingRecord } from "../src/trading/record/trading_record.ts";
import { RecordInstance } from "../src/server/instances/record_instance.ts";
import { InstanceLock } from "../src/state/instance_lock.ts";
import { placeThrough } from "./placement.ts";

interface PlacingParts {
  readonly record: TradingRecord;
  readonly process: RecordInstance;
  readonly executor: OrderExecutor;
}

/** An executor with a record of its own. */
export class Placing {
  readonly name: string;
  readonly #parts: PlacingParts;
  readonly #waited: { ms: number };

  /** `folder`: the state folder, where this process is locked. */
  static async start(
    name: string,
    { client, record, folder }: {
      readonly client: ExchangeClient;
      readonly record: TradingRecord;
      readonly folder: string;
    },
  ): Promise<Placing> {
    const waited = { ms: 0 };
    const exchange: Pick<ExchangeClient, "call" | "status" | "reserve"> = {
      status: () => client.status(),
      reserve: (...args) => client.reserve(...args),
      call: async (...args) => {
        const startedAt = performance.now();
        try {
          return await client.call(...args);
        } finally {
          waited.ms += performance.now() - startedAt;
        }
      },
    };
    const facts = { pid: Deno.pid, command: "serve", startedAt: Date.now(), cancels: ["real"] } as const;
    const process = await RecordInstance.enter(record.instances, { ...facts, lock: InstanceLock.take(folder) });
    const instance = { id: process.id, takeOver: () => process.takeOver(["real"]) };
    const scope = { venue: "", account: "main" };
    const executor = new OrderExecutor({ exchange, record, scope, instance, now: Date.now });
    await executor.recover();
    return new Placing(name, { record, process, executor }, waited);
  }

  private constructor(name: string, parts: PlacingParts, waited: { ms: number }) {
    this.name = name;
    this.#parts = parts;
    this.#waited = waited;
  }

  /** Places an order; answers how long that took beside waiting for the exchange, in milliseconds. */
  async place(previewId: string): Promise<number> {
    this.#waited.ms = 0;
    const startedAt = performance.now();
    await placeThrough(this.#parts.executor, `${this.name}-${previewId}`);
    return performance.now() - startedAt - this.#waited.ms;
  }

  async stop(): Promise<void> {
    const { executor, process, record } = this.#parts;
    await executor.stop();
    await process.end();
    await record.close();
  }
}
