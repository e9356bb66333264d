/** Tool calls over WebSocket against bare servers on the same listener, and the cost of connections. */

import { percentile, report } from "./report.ts";
import { CALL, callRate, callTimes, connectMany, SocketPeer } from "./socket_peer.ts";
import { createCertificates, openFiles, residentMiB, startBare, startOurs } from "./socket_servers.ts";

const LISTENERS = ["native", "hardened"] as const;
const ROUNDS = 3;

/** Runs all figures over WebSocket. */
export async function benchWebSocket(): Promise<void> {
  for (const listener of LISTENERS) {
    await benchCalls(listener);
    await benchTls(listener);
    await benchFlood(listener);
    for (const count of [1_000, 5_000]) await benchIdle(listener, count);
    await benchRounds(listener);
  }
}

async function benchCalls(listener: string): Promise<void> {
  await using ours = await startOurs(listener);
  const first = await SocketPeer.connect(ours.address);
  await first.initialize();
  await using bare = await startBare(listener, await first.request("tools/call", CALL));
  await first.close();
  const [peers, barePeers] = [await connectMany(ours, 50), await connectMany(bare, 50)];
  for (const each of [peers, barePeers]) await callRate(each, { inFlight: 4, ms: 1_000 });
  let [calls_per_second, echoes_per_second] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    calls_per_second = Math.max(calls_per_second, await callRate(peers, { inFlight: 4, ms: 2_000 }));
    echoes_per_second = Math.max(echoes_per_second, await callRate(barePeers, { inFlight: 4, ms: 2_000 }));
  }
  const ratio = calls_per_second / echoes_per_second;
  report({ figure: "calls over WebSocket, 50 x 4", listener, calls_per_second, echoes_per_second, ratio });
  await reportLatency(listener, peers[0], barePeers[0]);
}

async function reportLatency(
  listener: string,
  peer: SocketPeer | undefined,
  bare: SocketPeer | undefined,
): Promise<void> {
  if (peer === undefined || bare === undefined) return;
  const times = await callTimes(peer, 3_000);
  const bareTimes = await callTimes(bare, 3_000);
  for (const share of [0.5, 0.99]) {
    const [ours_ms, bare_ms] = [percentile(times, share), percentile(bareTimes, share)];
    report({ figure: `one call in flight, p${share * 100}`, listener, ours_ms, bare_ms, ratio: ours_ms / bare_ms });
  }
}

/** The same calls with TLS and without. */
async function benchTls(listener: string): Promise<void> {
  const { args, client, certified } = await createCertificates();
  await using plain = await startOurs(listener);
  await using secure = await startOurs(listener, args);
  const [plainPeers, securePeers] = [await connectMany(plain, 50), await connectMany(secure, 50, { client })];
  for (const each of [plainPeers, securePeers]) await callRate(each, { inFlight: 4, ms: 1_000 });
  const plain_per_second = await callRate(plainPeers, { inFlight: 4, ms: 3_000 });
  const tls_per_second = await callRate(securePeers, { inFlight: 4, ms: 3_000 });
  report({
    figure: "calls with TLS",
    listener,
    plain_per_second,
    tls_per_second,
    ratio: tls_per_second / plain_per_second,
  });
  client.close();
  certified.close();
}

/** The effect of one client that sends as fast as it can on nineteen that do not. */
async function benchFlood(listener: string): Promise<void> {
  await using ours = await startOurs(listener);
  const peers = await connectMany(ours, 20);
  const [flooder, ...others] = peers;
  const calm = await slowTimes(others);
  const flood = new AbortController();
  const flooding = callUntil(flooder, flood.signal);
  const flooded = await slowTimes(others);
  flood.abort();
  await flooding;
  const [calm_ms, flooded_ms] = [percentile(calm, 0.99), percentile(flooded, 0.99)];
  report({
    figure: "p99 of 19 clients beside a flooding one",
    listener,
    calm_ms,
    flooded_ms,
    ratio: flooded_ms / calm_ms,
  });
}

async function slowTimes(peers: readonly SocketPeer[]): Promise<number[]> {
  return (await Promise.all(peers.map((peer) => callTimes(peer, 200)))).flat();
}

async function callUntil(peer: SocketPeer | undefined, signal: AbortSignal): Promise<void> {
  if (peer === undefined) return;
  await Promise.all(Array.from({ length: 100 }, async () => {
    while (!signal.aborted) await peer.request("tools/call", CALL);
  }));
}

async function benchIdle(listener: string, count: number): Promise<void> {
  await using ours = await startOurs(listener);
  await connectMany(ours, 20);
  const before = await residentMiB(ours.pid);
  await connectMany(ours, count);
  const after = await residentMiB(ours.pid);
  report({
    figure: "memory of an idle connection",
    listener,
    connections: count,
    kib_each: (after - before) * 1_024 / count,
  });
}

/** Memory and file descriptors over many short connections. */
async function benchRounds(listener: string): Promise<void> {
  await using ours = await startOurs(listener);
  const shortLived = async () => {
    const peer = await SocketPeer.connect(ours.address);
    await peer.request("describe_capabilities");
    await peer.close();
  };
  const run = async (rounds: number) => {
    for (let done = 0; done < rounds; done += 20) await Promise.all(Array.from({ length: 20 }, shortLived));
  };
  for (const [rounds, total] of [[5_000, 5_000], [15_000, 20_000], [20_000, 40_000]] as const) {
    await run(rounds);
    const [mib, files] = [await residentMiB(ours.pid), await openFiles(ours.pid)];
    report({ figure: "connect, call, drop", listener, rounds: total, mib, files });
  }
}
