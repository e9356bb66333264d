/** Measures what clients of a service notice of a rolling restart, and how long it takes until all of them are back. */

import { percentile } from "../bench/report.ts";
import { lookUntil } from "../tests/support/look_until.ts";
import { statusOf } from "../tests/e2e/haproxy.ts";
import { SHIPPED } from "../tests/e2e/program.ts";
import { Service } from "../tests/e2e/service.ts";
import { ServiceClient, sumTallies } from "../tests/e2e/service_client.ts";

const SERVERS = 3;
const KEYS = 10;
const EVERY_MS = 1_000;
const DRAIN_SECONDS = 5;

/** The cost of an interruption: times in milliseconds. */
export interface InterruptionFigures {
  readonly clients: number;
  readonly answered: number;
  readonly retried: number;
  /** Calls that failed twice. */
  readonly failed: number;
  /** From the end of a client's connection to its next answer. */
  readonly gap: { readonly p50: number; readonly p99: number; readonly max: number };
  /** From the end of the interruption until every client has been answered again; the longest of several. */
  readonly allBack: number;
  /** Close codes, and how often each occurred. */
  readonly codes: Readonly<Record<number, number>>;
}

/** Restarts each of three servers in turn while so many clients send one call per second. */
export async function measureRollingRestart(clients: number): Promise<InterruptionFigures> {
  return await interrupt(clients, async (service, untilAllBack) => {
    const times: number[] = [];
    for (const index of service.servers.keys()) {
      await service.restart(index, "SIGTERM");
      times.push(await untilAllBack());
    }
    return Math.max(...times);
  });
}

/** Disconnects all clients at once, at the balancer. */
export async function measureReconnectStorm(clients: number): Promise<InterruptionFigures> {
  return await interrupt(clients, async (service, untilAllBack) => {
    await service.balancer.restart();
    return await untilAllBack();
  });
}

/** Runs clients during something that ends their connections. */
async function interrupt(
  count: number,
  happen: (service: Service, untilAllBack: () => Promise<number>) => Promise<number>,
): Promise<InterruptionFigures> {
  const [program] = SHIPPED;
  if (program === undefined) throw new TypeError("Cannot start servers as there is no program");
  const wide = ["--max-connections", "10000", "--max-connections-per-client", "10000", "--rate-limit", "1000000"];
  const flags = [...wide, "--drain-time", `${DRAIN_SECONDS}`];
  await using service = await Service.start(program, { servers: SERVERS, flags });
  const keys: string[] = [];
  for (let key = 0; key < KEYS; key++) keys.push((await service.command("keys", "create", `client-${key}`)).trim());
  const stop = new AbortController();
  const clients = Array.from({ length: count }, (_each, index) => {
    const plan = { url: service.balancer.url, key: keys[index % KEYS] ?? "", everyMs: EVERY_MS };
    return new ServiceClient(plan, stop.signal);
  });
  const running = Promise.all(clients.map((client) => client.run()));
  try {
    await untilEach(service, clients, ({ tally }) => tally.answered > 0);
    const allBack = await happen(service, async () => {
      const startedMs = performance.now();
      await untilEach(service, clients, ({ isBack }) => isBack);
      return performance.now() - startedMs;
    });
    const { gapsMs, codes, ...tally } = sumTallies(clients);
    const [p50, p99, max] = [percentile(gapsMs, 0.5), percentile(gapsMs, 0.99), Math.max(...gapsMs)];
    return { clients: count, ...tally, gap: { p50, p99, max }, allBack, codes: countEach(codes) };
  } finally {
    stop.abort();
    await running;
  }
}

/** Polls the balancer with pauses, so that the clients can run. */
async function untilEach(
  { balancer }: Service,
  clients: readonly ServiceClient[],
  isThere: (client: ServiceClient) => boolean,
): Promise<void> {
  const look = async () => {
    await statusOf(`${balancer.url}/healthz`);
    return clients.filter((client) => !isThere(client)).length;
  };
  await lookUntil((missing) => missing === 0, look, "clients are missing");
}

function countEach(codes: readonly number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}
