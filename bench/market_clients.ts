/**
 * A thousand clients on one pair whose market changes fifty times a second: those that read its book, beside a bare
 * server in the same run, and those that watch it.
 */

import { processorMs } from "./processor_time.ts";
import { Load } from "./real/load.ts";
import { percentile, report } from "./report.ts";
import { startSimulator } from "./simulator.ts";
import type { BenchSimulator } from "./simulator.ts";
import { connectMany } from "./socket_peer.ts";
import { startBare, startOurs } from "./socket_servers.ts";
import type { BenchServer } from "./socket_servers.ts";

const PAIR = "XBTZAR";
const CLIENTS = 1_000;
const READ_MS = 30_000;
const BARE_MS = 10_000;
const WARM_UP_MS = 3_000;
const WATCH_MS = 30_000;
/** Changes of the book; each is one order placed and cancelled at once. */
const CHANGES = 50;
/** Seldom enough that a client may be notified of each. */
const SLOW_CHANGES = 5;
/** The minimum time between two notifications of a client. */
const INTERVAL_MS = 100;
const CALL = { name: "get_orderbook", arguments: { pair: PAIR, depth: 10 } };

/**
 * Calls for the book: their rate, beside the bare server and without changes, and how many of them reach the exchange.
 */
export async function benchReaders(): Promise<void> {
  await using exchange = await startSimulator();
  await using ours = await startOn(exchange);
  const plan = { wire: "websocket", connections: CLIENTS, inFlight: 1, calls: [CALL] } as const;
  await using load = await Load.start({ ...plan, port: portOf(ours) }, ours.pid);
  const { answerBytes } = await load.run(WARM_UP_MS);
  await using bare = await startBare("native", Math.round(answerBytes));
  await using bareLoad = await Load.start({ ...plan, port: portOf(bare) }, bare.pid);
  await bareLoad.run(WARM_UP_MS);
  const bareFigures = await bareLoad.run(BARE_MS);
  const still = await load.run(BARE_MS);
  await publish(exchange, CHANGES);
  const before = await exchangeCalls(ours);
  const figures = await load.run(READ_MS);
  report({
    figure: "1,000 clients that read the book of a pair",
    changes_per_second: CHANGES,
    per_second: figures.perSecond,
    still_per_second: still.perSecond,
    bare_per_second: bareFigures.perSecond,
    ratio: figures.perSecond / bareFigures.perSecond,
    processor_ratio: bareFigures.serverUs / figures.serverUs,
    still_processor_ratio: bareFigures.serverUs / still.serverUs,
    exchange_calls: await exchangeCalls(ours) - before,
    seconds: READ_MS / 1_000,
  });
}

/** The delay of notifications, for changes more frequent than notifications, and for less frequent ones. */
export async function benchSubscribers(): Promise<void> {
  for (const changes of [CHANGES, SLOW_CHANGES]) await watchChanges(changes);
}

async function watchChanges(changes: number): Promise<void> {
  await using exchange = await startSimulator();
  await publish(exchange, changes);
  await using ours = await startOn(exchange);
  const peers = await connectMany(ours, CLIENTS);
  await Promise.all(
    peers.map((peer) => peer.request("resources/subscribe", { uri: `luno://market/${PAIR}/orderbook` })),
  );
  const frames = await watchFrames(exchange);
  await pause(WARM_UP_MS);
  const delays: NotificationDelays = { sinceFirst: [], sinceDue: [], sinceNewest: [] };
  for (const peer of peers) {
    let toldMs = performance.now();
    peer.onNotified = () => {
      const nowMs = performance.now();
      const first = frames.firstSince(toldMs);
      if (first !== undefined) {
        delays.sinceFirst.push(nowMs - first);
        delays.sinceDue.push(nowMs - Math.max(first, toldMs + INTERVAL_MS));
        delays.sinceNewest.push(nowMs - frames.newest);
      }
      toldMs = nowMs;
    };
  }
  const before = await processorMs(ours.pid);
  const framesBefore = frames.count;
  await pause(WATCH_MS);
  const processor = await processorMs(ours.pid) - before;
  report({
    figure: "1,000 clients that watch the book of a pair",
    changes_per_second: changes,
    updates_per_second: (frames.count - framesBefore) / (WATCH_MS / 1_000),
    notifications_per_second: delays.sinceFirst.length / (WATCH_MS / 1_000),
    ...percentilesOf("since_due", delays.sinceDue),
    ...percentilesOf("since_newest", delays.sinceNewest),
    ...percentilesOf("since_first", delays.sinceFirst),
    processor_share: processor / WATCH_MS,
  });
  frames.close();
  await Promise.all(peers.map((peer) => peer.close()));
}

/** Milliseconds until a client was notified. */
interface NotificationDelays {
  /**
   * From the first update that it had not been notified of: this includes the time between two notifications of a
   * client.
   */
  readonly sinceFirst: number[];
  /** From the moment when there was such an update and the client was due again. */
  readonly sinceDue: number[];
  /** From the newest update. */
  readonly sinceNewest: number[];
}

function percentilesOf(name: string, delays: readonly number[]): Record<string, number> {
  return { [`${name}_p50_ms`]: percentile(delays, 0.5), [`${name}_p99_ms`]: percentile(delays, 0.99) };
}

/** Changes the market so often, in addition to its own changes once a second. */
async function publish({ url }: BenchSimulator, changes: number): Promise<void> {
  const faults = JSON.stringify([{ kind: "stream_burst", updates: 2, everyMs: 1_000 / changes }]);
  const response = await fetch(`${url}/_sim/faults`, { method: "PUT", body: faults });
  if (!response.ok) throw new Error(`Cannot set faults: ${await response.text()}`);
}

function startOn({ url, env }: BenchSimulator): Promise<BenchServer> {
  const args = ["--ping-interval", "600", "--api-url", url, "--market-data", "stream"];
  return startOurs("native", args, { exchange: "live", env });
}

/** Records when updates of the pair arrive, read from the exchange beside the server. */
async function watchFrames({ url, env }: BenchSimulator) {
  const times: number[] = [];
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/1/stream/${PAIR}`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error(`Cannot read the stream of ${PAIR}`));
  });
  socket.onmessage = ({ data }) => {
    if (data !== '""') times.push(performance.now());
  };
  socket.send(JSON.stringify({ api_key_id: env.LUNO_API_KEY, api_key_secret: env.LUNO_API_SECRET }));
  return {
    get count() {
      return times.length;
    },
    get newest() {
      return times.at(-1) ?? NaN;
    },
    firstSince(ms: number): number | undefined {
      let from = times.length;
      while (from > 0 && (times[from - 1] ?? 0) > ms) from--;
      return times[from];
    },
    close: () => socket.close(),
  };
}

async function exchangeCalls(server: BenchServer): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${portOf(server)}/metrics`)).text();
  const counts = text.matchAll(/^luno_mcp_exchange_calls_total\{.*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}

function portOf({ address }: BenchServer): number {
  return Number(new URL(address).port);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
