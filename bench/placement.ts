/**
 * What policy, journal and audit add to placing one order: the same order sent by the exchange client alone and through
 * an executor with a durable record, in turn, to the simulated exchange on loopback.
 */

import { DatabaseSync } from "node:sqlite";
import { benchPlacementCommits } from "./placement_commits.ts";
import { ORDER, Placing } from "./placing.ts";
import { report } from "./report.ts";
import { ExchangeClient } from "../src/exchange/client.ts";
import { CallBudget } from "../src/exchange/budget.ts";
import { startSimulation } from "../src/simulation/server.ts";
import { toRequestParams } from "../src/trading/orders/order_rules.ts";
import { openRecord } from "../src/state/record/sqlite/open_record.ts";

/** The median and the 99th percentile, in milliseconds. */
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
  /** The executor's work besides waiting for the exchange; it includes two commits, one of them before the request. */
  readonly overhead: Spread;
  /** One commit of one row by a bare database on the same disk. */
  readonly commit: Spread;
}

const WARM_UP = 50;

/** Places `orders` orders each way; the record is made in `folder`. */
async function measurePlacement(orders: number, folder: string): Promise<PlacementCost> {
  const simulation = await startSimulation({ rateLimitPerMinute: 0, connectionResets: false });
  const budget = new CallBudget({ limitPerMinute: 1_000_000 });
  const client = new ExchangeClient({ url: simulation.url, credentials: simulation.keys.trading, budget });
  const record = await openRecord({ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() });
  const placing = await Placing.start("sqlite", { client, record, folder });
  const [direct, placed, overhead, commits]: [number[], number[], number[], number[]] = [[], [], [], []];
  using bare = new DatabaseSync(`${folder}/bare.db`);
  bare.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE orders (text TEXT)");
  const insert = bare.prepare("INSERT INTO orders (text) VALUES (?)");
  for (let number = 0; number < orders + WARM_UP; number++) {
    const directMs = await timed(() => sendDirectly(client, `direct-${number}`));
    const { totalMs, overheadMs } = await placing.place(`preview-${number}`);
    const commitMs = await timed(() => Promise.resolve(insert.run(JSON.stringify(ORDER))));
    if (number < WARM_UP) continue;
    commits.push(commitMs);
    direct.push(directMs);
    placed.push(totalMs);
    overhead.push(overheadMs);
  }
  await placing.stop();
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

/** Places orders on a record in `dist/`, which is on the project's disk. */
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
