/**
 * The cost of shared state over Redis per call: prices over WebSocket from a server with Redis beside one without, in
 * turn, on one external simulated exchange; then from one, two and three servers at once. Needs redis-server.
 */

import { contest } from "./real/contest.ts";
import { Load } from "./real/load.ts";
import { median, report } from "./report.ts";
import { startSimulator } from "./simulator.ts";
import type { BenchSimulator } from "./simulator.ts";
import { startOurs } from "./socket_servers.ts";
import type { BenchServer } from "./socket_servers.ts";

const CALL = { name: "get_crypto_price", arguments: { pair: "XBTZAR" } };
const MOST_SERVERS = 3;
const CLIENTS = 20;
/** Milliseconds between two calls of a client: 4,000 calls per second in all. */
const EVERY_MS = 20;
const ROUNDS = 5;
const ROUND_MS = 1_500;
const WARM_UP_MS = 3_000;
/** Until a server that has loaded the Redis client has compiled its code and collected garbage. */
const SETTLE_MS = 20_000;

/** What the servers depend on. */
interface Ground extends AsyncDisposable {
  readonly redisUrl: string;
  readonly exchange: BenchSimulator;
}

/** Measures; reports one line per figure. */
export async function benchShared(): Promise<void> {
  await using ground = await startGround();
  await using without = await start(ground, "rest");
  for (const role of ["leader", "follower"]) {
    await using others = new AsyncDisposableStack();
    // The server that reads the pair first leads.
    if (role === "follower") await readOnce(others.use(await start(ground, "redis")));
    await using shared = await start(ground, "redis");
    // The same call rate for both, since the cost of a call depends on it.
    await using load = await loadOn(shared, EVERY_MS);
    await using bareLoad = await loadOn(without, EVERY_MS);
    await Promise.all([load.run(SETTLE_MS), bareLoad.run(SETTLE_MS)]);
    const { per_second, bare_per_second, server_us, bare_us, processor_ratio } = await contest(load, bareLoad);
    report({
      figure: "a price with Redis beside without",
      with: role,
      ...{ per_second, without_per_second: bare_per_second, server_us, without_us: bare_us },
      processor_ratio: 1 / processor_ratio,
    });
  }
  for (let count = 1; count <= MOST_SERVERS; count++) await benchTogether(ground, count);
}

/** Load on several servers at once: calls per second of all, and processor time per call. */
async function benchTogether(ground: Ground, count: number): Promise<void> {
  await using started = new AsyncDisposableStack();
  const servers: BenchServer[] = [];
  for (let each = 0; each < count; each++) servers.push(started.use(await start(ground, "redis")));
  const loads: Load[] = [];
  for (const server of servers) loads.push(started.use(await loadOn(server)));
  await Promise.all(loads.map((load) => load.run(WARM_UP_MS)));
  const rounds: { perSecond: number; serverUs: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const figures = await Promise.all(loads.map((load) => load.run(ROUND_MS)));
    const calls = figures.reduce((sum, { perSecond }) => sum + perSecond, 0);
    const processor = figures.reduce((sum, { perSecond, serverUs }) => sum + perSecond * serverUs, 0);
    rounds.push({ perSecond: calls, serverUs: processor / calls });
  }
  report({
    figure: "prices of servers on one Redis",
    servers: count,
    per_second: median(rounds.map(({ perSecond }) => perSecond)),
    server_us: median(rounds.map(({ serverUs }) => serverUs)),
  });
}

async function start({ exchange, redisUrl }: Ground, sharing: "redis" | "rest"): Promise<BenchServer> {
  const env = { ...exchange.env, ...(sharing === "redis" ? { LUNO_MCP_SHARED_URL: redisUrl } : {}) };
  const args = ["--ping-interval", "600", "--api-url", exchange.url];
  return await startOurs("hardened", args, { exchange: "live", env });
}

async function readOnce({ address }: BenchServer): Promise<void> {
  const url = `${address.replace("ws", "http")}/v1/tools/${CALL.name}`;
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(CALL.arguments) });
  await response.body?.cancel();
}

async function loadOn({ address, pid }: BenchServer, everyMs = 0): Promise<Load> {
  const port = Number(new URL(address).port);
  const plan = { port, wire: "websocket", connections: CLIENTS, inFlight: 4, calls: [CALL], everyMs } as const;
  return await Load.start(plan, pid);
}

async function startGround(): Promise<Ground> {
  const redisPort = freePort();
  const lines = ["--port", `${redisPort}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const redis = new Deno.Command("redis-server", { args: lines, stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
  const simulator = await startSimulator();
  return {
    redisUrl: `redis://127.0.0.1:${redisPort}`,
    exchange: simulator,
    async [Symbol.asyncDispose]() {
      redis.kill("SIGKILL");
      await redis.status;
      await simulator[Symbol.asyncDispose]();
    },
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
