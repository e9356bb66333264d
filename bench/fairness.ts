/** The effect of one flooding client on nineteen quiet ones, on `/healthz` and on the server's memory. */

import { percentile, report } from "./report.ts";
import { CALL, SocketPeer } from "./socket_peer.ts";
import { residentMiB, runOurs, startOurs, writePrivate } from "./socket_servers.ts";
import type { BenchServer } from "./socket_servers.ts";

const LISTENERS = ["native", "hardened"] as const;
const QUIET_CLIENTS = 19;
/** Milliseconds between two calls of a quiet client, and between two probes. */
const PACE_MS = 50;
const PHASE_MS = 5_000;
const SAMPLE_MS = 100;
const STATE = "dist/bench-fairness";

const KINDS = [
  "calls",
  "pings",
  "notifications",
  "garbage",
  "empty texts",
  "ping frames",
  "large messages",
  "pipelined unauthenticated requests",
  "pipelined probes",
  "pipelined reads",
] as const;

/**
 * Runs all figures, or those of the named listeners and floods. The quiet clients and the flooding one are in processes
 * other than the server's.
 */
export async function benchFairness(chosen: readonly string[] = []): Promise<void> {
  const unknown = chosen.filter((name) => ![...LISTENERS, ...KINDS].some((known) => known === name));
  if (unknown.length > 0) throw new RangeError(`Cannot flood with ${unknown}: expected ${[...LISTENERS, ...KINDS]}`);
  const [listeners, kinds] = [LISTENERS, KINDS].map((all) => {
    const named = all.filter((name) => chosen.includes(name));
    return named.length > 0 ? named : all;
  });
  const keys = await createKeys();
  await writePrivate(`${STATE}/access.json`, JSON.stringify(ACCESS));
  for (const listener of listeners ?? []) for (const kind of kinds ?? []) await benchFlood(listener, { kind, keys });
}

/** The flooding client has the limits that every client has; the quiet ones have none. */
const ACCESS = { identities: { "key:quiet": { rate_limit: 1_000_000 } } };

interface Keys {
  readonly quiet: string;
  readonly flooder: string;
}

async function createKeys(): Promise<Keys> {
  await Deno.remove(STATE, { recursive: true }).catch(() => {});
  await Deno.mkdir(STATE, { recursive: true, mode: 0o700 });
  const create = (name: string) => runOurs(["keys", "create", name, "--scopes", "market:read", "--state", STATE]);
  return { quiet: await create("quiet"), flooder: await create("flooder") };
}

async function benchFlood(listener: string, { kind, keys }: { kind: string; keys: Keys }): Promise<void> {
  await using server = await startOurs(listener, [
    "--state",
    STATE,
    "--access",
    `${STATE}/access.json`,
    "--rate-limit",
    "100",
  ]);
  const headers = { authorization: `Bearer ${keys.quiet}` };
  const peers = await Promise.all(
    Array.from({ length: QUIET_CLIENTS }, () => SocketPeer.connect(server.address, { headers })),
  );
  await watch(server, peers); // Warms up.
  const calm = await watch(server, peers);
  const flooder = await startFlooder(kind, { server, key: keys.flooder });
  const flooded = await watch(server, peers);
  const { sentMiB, answers, connections } = await flooder.stop();
  report({
    figure: `beside a client that floods with ${kind}`,
    listener,
    calm_p99_ms: percentile(calm.calls, 0.99),
    flooded_p99_ms: percentile(flooded.calls, 0.99),
    flooded_max_ms: Math.max(...flooded.calls),
    healthz_calm_p99_ms: percentile(calm.probes, 0.99),
    healthz_p99_ms: percentile(flooded.probes, 0.99),
    healthz_max_ms: Math.max(...flooded.probes),
    growth_mib: flooded.memoryMiB - calm.memoryMiB,
    sent_mib: sentMiB,
    answers,
    connections,
  });
}

interface Watched {
  /** Durations of calls in milliseconds. */
  readonly calls: readonly number[];
  readonly probes: readonly number[];
  /** The server's peak memory. */
  readonly memoryMiB: number;
}

async function watch(server: BenchServer, peers: readonly SocketPeer[]): Promise<Watched> {
  const endMs = performance.now() + PHASE_MS;
  const memory: number[] = [];
  const sampling = repeat(endMs, {
    everyMs: SAMPLE_MS,
    act: async () => void memory.push(await residentMiB(server.pid)),
  });
  const probing = timed(endMs, () => probe(server));
  const calls = await Promise.all(peers.map((peer) => timed(endMs, () => peer.request("tools/call", CALL))));
  const probes = await probing;
  await sampling;
  return { calls: calls.flat(), probes, memoryMiB: Math.max(...memory) };
}

/** Probes on a connection of its own. */
async function probe({ address }: BenchServer): Promise<void> {
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(`${address.replace(/^ws/, "http")}/healthz`, { client });
  await response.body?.cancel();
}

async function timed(endMs: number, act: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  await repeat(endMs, {
    everyMs: PACE_MS,
    act: async () => {
      const startedMs = performance.now();
      const isDone = await act().then(() => true, () => false);
      times.push(isDone ? performance.now() - startedMs : Infinity);
    },
  });
  return times;
}

async function repeat(
  endMs: number,
  { everyMs, act }: { everyMs: number; act: () => Promise<void> },
): Promise<void> {
  while (performance.now() < endMs) {
    await act();
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Starts a flood, after the process has finished its own start. */
async function startFlooder(
  kind: string,
  { server, key }: { server: BenchServer; key: string },
): Promise<{ stop(): Promise<{ sentMiB: number; answers: number; connections: number }> }> {
  const permissions = ["--allow-net=127.0.0.1"];
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      ...permissions,
      "bench/flooder.ts",
      kind,
      new URL(server.address).port,
      key,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await output.read(); // The flooder is ready.
  const input = child.stdin.getWriter();
  await input.write(new Uint8Array(1));
  return {
    async stop() {
      await input.close();
      const { value = "" } = await output.read();
      await child.status;
      return JSON.parse(value);
    },
  };
}
