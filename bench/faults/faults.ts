/**
 * A server during all faults of the exchange's streams, with clients that read, watch, connect and disconnect: its
 * memory must not grow, its answers must not be wrong, and no client may be disconnected.
 */

import { percentile, report } from "../report.ts";
import { type BenchSimulator, startSimulator } from "../simulator.ts";
import { type BenchServer, openFiles, residentMiB, startOurs } from "../socket_servers.ts";
import { BookHistory, levelsText } from "./book_history.ts";
import { nothingSeen, runClients, type Seen } from "./clients.ts";
import { BUSY_PAIR, faultPhases, setFaults } from "./fault_plan.ts";
import { freePort, Inspector } from "./inspector.ts";
import { keepTrading } from "./own_orders.ts";

const LISTENERS = ["native", "hardened"] as const;
const SAMPLE_MS = 60_000;

/** Samples that are compared, at the end of the warm-up and at the end. */
const COMPARED_SAMPLES = 3;

/** Samples until all streams and clients have started. */
const WARM_UP_SAMPLES = 4;

interface Server {
  readonly listener: string;
  readonly server: BenchServer;
  readonly inspector: Inspector;
  readonly seen: Seen;
  readonly samples: Sample[];
}

interface Sample {
  readonly resident_mib: number;
  readonly heap_mib: number;
  readonly open_files: number;
  readonly connections: number;
  readonly streams: number;
}

/** Runs for so many minutes; reports a line per minute and server, then one per server. */
export async function benchFaults(minutes: number): Promise<void> {
  await using exchange = await startSimulator();
  await setFaults(exchange.url, { rules: [] });
  await using native = await startOn(exchange, LISTENERS[0]);
  await using hardened = await startOn(exchange, LISTENERS[1]);
  const servers = [native, hardened];
  const history = BookHistory.start(exchange, BUSY_PAIR);
  const over = new AbortController();
  const { signal } = over;
  const atRest = { right: 0, wrong: 0, unknown: 0 };
  const phases = new Map<string, number>();
  const running = [
    ...servers.map(({ server: { address }, seen }) => runClients({ address, seen, history, signal })),
    keepTrading(exchange, signal),
    compareWithRest(exchange, { history, counts: atRest, signal }),
    switchFaults(exchange, { phases, signal }),
  ];
  const failed = Promise.all(running);
  for (let minute = 1; minute <= minutes; minute++) {
    await Promise.race([pause(SAMPLE_MS), failed]);
    for (const server of servers) await sample(server, minute);
  }
  const facts = await Promise.all(servers.map(({ server }) => streamFacts(server)));
  over.abort();
  await failed;
  history.close();
  report({ figure: "phases with faults", minutes, ...Object.fromEntries(phases) });
  report({ figure: "the exchange's REST against its stream, at equal sequence", ...atRest });
  for (const [index, server] of servers.entries()) reportServer(server, facts[index] ?? {});
}

async function startOn(exchange: BenchSimulator, listener: string): Promise<Server & AsyncDisposable> {
  const port = freePort();
  const args = ["--ping-interval", "600", "--api-url", exchange.url, "--market-data", "stream"];
  const flags = [`--inspect=127.0.0.1:${port}`];
  const server = await startOurs(listener, args, { exchange: "live", env: exchange.env, flags });
  const inspector = await Inspector.connect(port);
  return {
    ...{ listener, server, inspector, seen: nothingSeen(), samples: [] },
    async [Symbol.asyncDispose]() {
      inspector.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function switchFaults(
  { url }: BenchSimulator,
  { phases, signal }: { readonly phases: Map<string, number>; readonly signal: AbortSignal },
): Promise<void> {
  for (const phase of faultPhases()) {
    if (signal.aborted) return;
    await setFaults(url, phase);
    if (phase.rules.length > 0) phases.set(phase.name, (phases.get(phase.name) ?? 0) + 1);
    for (let second = 0; second < phase.seconds && !signal.aborted; second++) await pause(1_000);
  }
}

/** Checks the stream that answers are compared with against REST. */
async function compareWithRest(
  { url }: BenchSimulator,
  { history, counts, signal }: {
    readonly history: BookHistory;
    readonly counts: Record<"right" | "wrong" | "unknown", number>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  while (!signal.aborted) {
    await pause(2_000);
    try {
      const response = await fetch(`${url}/api/1/orderbook_top?pair=${BUSY_PAIR}`);
      const { bids, asks } = await response.json();
      const sequence = BigInt(response.headers.get("x-simulated-sequence") ?? "");
      await pause(2_000);
      const isRight = history.isAt(sequence, levelsText(bids, asks));
      counts[isRight === undefined ? "unknown" : isRight ? "right" : "wrong"]++;
    } catch {
      counts.unknown++;
    }
  }
}

async function sample({ listener, server, inspector, samples }: Server, minute: number): Promise<void> {
  const { pid } = server;
  const metrics = await metricsOf(server);
  const taken: Sample = {
    resident_mib: await residentMiB(pid),
    heap_mib: await inspector.usedHeapMiB(),
    open_files: await openFiles(pid),
    connections: sumOf(metrics, "luno_mcp_connections"),
    streams: sumOf(metrics, "luno_mcp_stream_up") + sumOf(metrics, "luno_mcp_user_stream_up"),
  };
  samples.push(taken);
  report({ figure: `${listener}, after ${minute} min`, ...taken });
}

/** Counts how often streams were lost and reconnected. */
async function streamFacts(server: BenchServer): Promise<Record<string, number>> {
  const metrics = await metricsOf(server);
  return {
    reconnects: sumOf(metrics, "luno_mcp_stream_reconnects_total"),
    gaps: sumOf(metrics, "luno_mcp_stream_gaps_total"),
    user_stream_reconnects: sumOf(metrics, "luno_mcp_user_stream_reconnects_total"),
    exchange_calls: sumOf(metrics, "luno_mcp_exchange_calls_total"),
  };
}

async function metricsOf({ address }: BenchServer): Promise<string> {
  return await (await fetch(new URL("/metrics", address.replace("ws", "http")))).text();
}

function sumOf(metrics: string, name: string): number {
  const lines = metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "gm"));
  return [...lines].reduce((sum, [, value]) => sum + (Number(value) || 0), 0);
}

function reportServer({ listener, seen, samples }: Server, facts: Record<string, number>): void {
  const early = samples.slice(WARM_UP_SAMPLES, WARM_UP_SAMPLES + COMPARED_SAMPLES);
  const late = samples.slice(-COMPARED_SAMPLES);
  const middle = (of: readonly Sample[], name: keyof Sample) => percentile(of.map((one) => one[name]), 0.5);
  const grown = (name: keyof Sample) => middle(late, name) - middle(early, name);
  report({
    figure: `${listener}: from the end of the warm-up to the end`,
    resident_mib: middle(late, "resident_mib"),
    resident_grown_mib: grown("resident_mib"),
    heap_mib: middle(late, "heap_mib"),
    heap_grown_mib: grown("heap_mib"),
    open_files: middle(late, "open_files"),
    open_files_grown: grown("open_files"),
  });
  const { calls, answers, notifications, disconnected, refused, compared, wrong, slowest, slowestPing } = seen;
  report({ figure: `${listener}: streams`, ...facts });
  report({
    figure: `${listener}: clients`,
    ...{
      calls,
      notifications,
      disconnected: disconnected.length,
      refused,
      slowest_ms: slowest.ms,
      slowest: slowest.what,
      slowest_ping_ms: slowestPing,
    },
    ...Object.fromEntries([...answers].map(([kind, count]) => [`answers ${kind}`, count])),
    ...Object.fromEntries(Object.entries(compared).map(([kind, count]) => [`books ${kind}`, count])),
  });
  for (const how of disconnected.slice(0, 5)) report({ figure: `${listener}: a client that was disconnected`, how });
  for (const book of wrong) report({ figure: `${listener}: a book that the exchange never showed`, book });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
