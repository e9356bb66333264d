/**
 * What policy, journal and audit add to the placing of one order: the same order sent by the exchange client alone and
 * through an executor with a durable record, in turn, to the simulated exchange on loopback.
 */

import { DatabaseSync } from "node:sqlite";
import { benchPlacementCommits } from "./placement_commits.ts";
import { report } from "./report.ts";
import { ExchangeClient } from "../src/exchange/client.ts";
import { CallBudget } from "../src/exchange/budget.ts";
import { startSimulation } from "../src/simulation/server.ts";
import { OrderExecutor } from "../src/trading/execution/executor.ts";
import { whyNotUnder } from "../src/trading/execution/sending_terms.ts";
import type { SendingRights } from "../src/trading/execution/sending_terms.ts";
import { type Order, orderDigest } from "../src/trading/orders/order.ts";
import { toRequestParams } from "../src/trading/orders/order_rules.ts";
import { evaluateOrder, sealPolicy } from "../src/trading/policy/policy.ts";
import { RecordInstance } from "../src/server/instances/record_instance.ts";
import { InstanceLock } from "../src/state/instance_lock.ts";
import { openRecord } from "../src/state/record/sqlite/open_record.ts";

/** Half and ninety-nine hundredths of all took at most so many milliseconds. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
}

/** What was measured, in milliseconds for each order. */
export interface PlacementCost {
  readonly orders: number;
  /** Sent by the exchange client alone. */
  readonly direct: Spread;
  /** Checked by a policy, journalled, sent, settled and audited. */
  readonly executor: Spread;
  /** What the executor does beside waiting for the exchange; two commits are part of it, one before the request leaves. */
  readonly overhead: Spread;
  /** One commit of one row by a bare database on the same disk. */
  readonly commit: Spread;
}

/** Comes to nothing at once, so that the exchange has no orders to keep. */
const ORDER: Order = {
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
const WARM_UP = 50;

/** Places `orders` orders each way; the record is made in `folder`. */
export async function measurePlacement(orders: number, folder: string): Promise<PlacementCost> {
  const simulation = await startSimulation({ rateLimitPerMinute: 0, connectionResets: false });
  const budget = new CallBudget({ limitPerMinute: 1_000_000 });
  const client = new ExchangeClient({ url: simulation.url, credentials: simulation.keys.trading, budget });
  const record = await openRecord({ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() });
  let waitedMs = 0;
  const exchange: Pick<ExchangeClient, "call" | "status" | "reserve"> = {
    status: () => client.status(),
    reserve: (...args) => client.reserve(...args),
    call: async (...args) => {
      const startedAt = performance.now();
      try {
        return await client.call(...args);
      } finally {
        waitedMs += performance.now() - startedAt;
      }
    },
  };
  const facts = { pid: Deno.pid, command: "serve", startedAt: Date.now(), cancels: ["main"] } as const;
  const process = await RecordInstance.enter(record.instances, { ...facts, lock: InstanceLock.take(folder) });
  const instance = { id: process.id, takeOver: () => process.takeOver(["main"]) };
  const scope = { venue: "", account: "main" };
  const executor = new OrderExecutor({ exchange, record, scope, instance, now: Date.now });
  await executor.recover();
  const [direct, placed, overhead, commits]: [number[], number[], number[], number[]] = [[], [], [], []];
  using bare = new DatabaseSync(`${folder}/bare.db`);
  bare.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE orders (text TEXT)");
  const insert = bare.prepare("INSERT INTO orders (text) VALUES (?)");
  for (let number = 0; number < orders + WARM_UP; number++) {
    const directMs = await timed(() => sendDirectly(client, `direct-${number}`));
    waitedMs = 0;
    const deskMs = await timed(() => placeThrough(executor, `preview-${number}`));
    const commitMs = await timed(() => Promise.resolve(insert.run(JSON.stringify(ORDER))));
    if (number < WARM_UP) continue;
    commits.push(commitMs);
    direct.push(directMs);
    placed.push(deskMs);
    overhead.push(deskMs - waitedMs);
  }
  await executor.stop();
  await process.end();
  await record.close();
  client.close();
  await simulation.stop();
  return {
    orders,
    direct: spreadOf(direct),
    executor: spreadOf(placed),
    overhead: spreadOf(overhead),
    commit: spreadOf(commits),
  };
}

async function sendDirectly(client: ExchangeClient, id: string): Promise<void> {
  const call = toRequestParams(ORDER);
  if (call.endpoint !== "postLimitOrder") throw new TypeError("Cannot measure a market order");
  await client.call(call.endpoint, { ...call.params, client_order_id: id, timestamp: Date.now(), ttl: 5_000 });
}

/** Places an order that comes to nothing at once. */
export async function placeThrough(executor: OrderExecutor, previewId: string): Promise<void> {
  const facts = { order: ORDER, notional: [NOTIONAL], mid: "1000000", averagePrice: null, warnings: [] };
  if (evaluateOrder(POLICY, facts).length > 0) throw new TypeError("Cannot measure as the policy refuses the order");
  const termsOf = () => ({ policy: POLICY, notional: NOTIONAL });
  const whyNot: SendingRights["whyNot"] = ({ policy }) => whyNotUnder(policy, POLICY);
  const result = await executor.place({ order: ORDER, identity: "local", previewId, termsOf, whyNot });
  if (result.status !== "placed") throw new TypeError(`Cannot measure as ${orderDigest(ORDER)} is ${result.status}`);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round((sorted[Math.floor(share * sorted.length)] ?? NaN) * 1000) / 1000;
  return { p50: at(0.5), p99: at(0.99) };
}

/** Places orders on a record in `dist/`, which is on the disk that the project is on. */
export async function benchPlacement(): Promise<void> {
  const folder = "dist/bench-placement";
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  const { orders, ...parts } = await measurePlacement(1_000, folder);
  for (const [what, { p50, p99 }] of Object.entries(parts)) {
    report({ figure: "placing an order, ms", what, orders, p50, p99 });
  }
  await benchPlacementCommits(`${folder}/commits`);
  await Deno.remove(folder, { recursive: true });
}
