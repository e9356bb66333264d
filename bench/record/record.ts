/**
 * The effect of a locked record and a slow disk on others: reads of other clients, and cancels on their way to the
 * exchange, beside a client that places one order after another. The server is a process that trades on a simulated
 * exchange.
 */

import { percentile, report } from "../report.ts";
import { startOurs, writePrivate } from "../socket_servers.ts";
import type { BenchServer } from "../socket_servers.ts";
import { startSimulation } from "../../src/simulation/server.ts";
import type { RunningSimulation } from "../../src/simulation/server.ts";
import { lockRecord } from "./lock_record.ts";
import { compileSlowSync } from "./slow_sync.ts";
import { TradingClient } from "./trading_client.ts";
import { Readers } from "./readers.ts";

const FOLDER = "dist/bench-record";
const PHASE_MS = 10_000;
const SYNC_MS = 200;
const CANCEL_EVERY_MS = 1_000;

/** What disturbs the record during a phase. */
interface Disturbance {
  readonly name: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

/** Measures a calm phase and a disturbed one, for each disturbance on a separate server and record. */
export async function benchRecord(): Promise<void> {
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  await Deno.mkdir(FOLDER, { recursive: true, mode: 0o700 });
  await benchDisturbed(`${FOLDER}/locked`, { disturb: lockRecord });
  const slow = await compileSlowSync(FOLDER, SYNC_MS);
  if (slow !== undefined) {
    const disturbance = { name: `syncs of ${SYNC_MS} ms`, ...slow };
    await benchDisturbed(`${FOLDER}/slow`, { disturb: () => Promise.resolve(disturbance), wrapper: slow.wrapper });
  }
  await Deno.remove(FOLDER, { recursive: true });
}

async function benchDisturbed(
  state: string,
  { disturb, wrapper = [] }: {
    readonly disturb: (record: string) => Promise<Disturbance>;
    readonly wrapper?: readonly string[];
  },
): Promise<void> {
  await Deno.mkdir(state, { mode: 0o700 });
  await writePrivate(`${state}/policy.json`, JSON.stringify({ default: { max_orders_per_minute: null } }));
  const simulation = await startSimulation({ rateLimitPerMinute: 0, connectionResets: false });
  try {
    await using server = await startTrading(state, { simulation, wrapper });
    using trader = new TradingClient(server.address, simulation);
    const readers = await Readers.connect(server.address);
    const disturbance = await disturb(`${state}/trading.db`);
    const calm = await measure({ readers, trader });
    const disturbed = await measure({ readers, trader, disturbance });
    await readers.close();
    reportBoth(disturbance.name, calm, disturbed);
  } finally {
    await simulation.stop();
  }
}

async function startTrading(
  state: string,
  { simulation: { url, keys }, wrapper }: { simulation: RunningSimulation; wrapper: readonly string[] },
): Promise<BenchServer> {
  const trading = ["--trading", "auto", "--state", state, "--policy", `${state}/policy.json`];
  const exchange = ["--api-url", url, "--api-rate-limit", "1000000"];
  const { id, secret } = keys.trading;
  const env = { LUNO_API_KEY: id, LUNO_API_SECRET: secret };
  return await startOurs("native", [...trading, ...exchange], { exchange: "live", env, wrapper });
}

interface Measured {
  /** Milliseconds of other clients' reads. */
  readonly reads: readonly number[];
  /** Milliseconds until the exchange received a cancellation. */
  readonly cancels: readonly number[];
  /** Milliseconds of orders, placed one after another. */
  readonly orders: readonly number[];
}

async function measure(
  { readers, trader, disturbance }: {
    readonly readers: Readers;
    readonly trader: TradingClient;
    readonly disturbance?: Disturbance;
  },
): Promise<Measured> {
  const resting = await trader.rest(PHASE_MS / CANCEL_EVERY_MS - 1);
  await readers.read(1_000); // Warms up.
  await disturbance?.begin();
  const endMs = performance.now() + PHASE_MS;
  const orders = trader.placeUntil(endMs);
  const cancels = trader.cancelEach(resting, CANCEL_EVERY_MS);
  const ended = new Promise((resolve) => setTimeout(resolve, PHASE_MS)).then(() => disturbance?.end());
  const reads = await readers.read(PHASE_MS);
  await ended;
  return { reads, orders: await orders, cancels: await cancels };
}

function reportBoth(beside: string, calm: Measured, disturbed: Measured): void {
  const [calmP99, disturbedP99] = [percentile(calm.reads, 0.99), percentile(disturbed.reads, 0.99)];
  report({
    figure: "reads of other clients, ms",
    beside,
    calm_p99: calmP99,
    p99: disturbedP99,
    ratio: disturbedP99 / calmP99,
    max: Math.max(...disturbed.reads),
  });
  for (const [what, of] of [["cancels sent after, ms", "cancels"], ["placing an order, ms", "orders"]] as const) {
    report({
      figure: what,
      beside,
      calm_p50: percentile(calm[of], 0.5),
      calm_max: finite(Math.max(...calm[of])),
      p50: finite(percentile(disturbed[of], 0.5)),
      max: finite(Math.max(...disturbed[of])),
      count: disturbed[of].length,
    });
  }
}

/** What was never sent has no time. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : "never";
}
