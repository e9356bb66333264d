/** Placing orders through an executor on any kind of record, for benchmarks. */

import type { ExchangeClient } from "../src/exchange/client.ts";
import { OrderExecutor } from "../src/trading/execution/executor.ts";
import { whyNotUnder } from "../src/trading/execution/sending_terms.ts";
import type { SendingRights } from "../src/trading/execution/sending_terms.ts";
import { type Order, orderDigest } from "../src/trading/orders/order.ts";
import { evaluateOrder, sealPolicy } from "../src/trading/policy/policy.ts";
import type { TradingRecord } from "../src/trading/record/trading_record.ts";
import { RecordInstance } from "../src/server/instances/record_instance.ts";
import { InstanceLock } from "../src/state/instance_lock.ts";

/** Ends at once without a trade, so that the exchange has no orders to keep. */
export const ORDER: Order = {
  pair: "XBTZAR",
  base: "XBT",
  counter: "ZAR",
  side: "BUY",
  type: "limit",
  volume: "0.0005",
  price: "900000",
  timeInForce: "IOC",
};

const POLICY = sealPolicy({
  mode: "auto",
  pairs: ["XBTZAR"],
  maxPerOrder: { amount: "1000", currency: "ZAR" },
  maxPerDay: { amount: "1000000000", currency: "ZAR" },
  maxOpenOrders: 1_000_000,
  maxOrdersPerMinute: 1_000_000,
  priceBandPercent: "50",
  coolOff: { rejects: 10, withinSeconds: 60, pauseSeconds: 60 },
});

const NOTIONAL = { amount: "450", currency: "ZAR" };

/** The duration of placing an order, in milliseconds. */
export interface PlacingTime {
  readonly totalMs: number;
  /** Without waiting for the exchange. */
  readonly overheadMs: number;
}

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

  /** `folder` is the state folder, which this process locks. */
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
    const facts = { pid: Deno.pid, command: "serve", startedAt: Date.now(), cancels: ["main"] } as const;
    const process = await RecordInstance.enter(record.instances, { ...facts, lock: InstanceLock.take(folder) });
    const instance = { id: process.id, takeOver: () => process.takeOver(["main"]) };
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

  /** Places an order. */
  async place(previewId: string): Promise<PlacingTime> {
    this.#waited.ms = 0;
    const startedAt = performance.now();
    await placeThrough(this.#parts.executor, `${this.name}-${previewId}`);
    const totalMs = performance.now() - startedAt;
    return { totalMs, overheadMs: totalMs - this.#waited.ms };
  }

  async stop(): Promise<void> {
    const { executor, process, record } = this.#parts;
    await executor.stop();
    await process.end();
    await record.close();
  }
}

/** Places an order that ends at once without a trade. */
async function placeThrough(executor: OrderExecutor, previewId: string): Promise<void> {
  const facts = { order: ORDER, notional: [NOTIONAL], mid: "1000000", averagePrice: null, warnings: [] };
  if (evaluateOrder(POLICY, facts).length > 0) throw new TypeError("Cannot measure as the policy refuses the order");
  const termsOf = () => ({ policy: POLICY, notional: NOTIONAL });
  const whyNot: SendingRights["whyNot"] = ({ policy }) => whyNotUnder({ recorded: policy, current: POLICY });
  const result = await executor.place({ order: ORDER, identity: "local", previewId, termsOf, whyNot });
  if (result.status !== "placed") throw new TypeError(`Cannot measure as ${orderDigest(ORDER)} is ${result.status}`);
}
