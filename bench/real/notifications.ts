/** The cost of notifications: a thousand WebSocket clients that watch one book, compared with one. */

import { processorMs } from "../processor_time.ts";
import { connectMany } from "../socket_peer.ts";
import type { SocketPeer } from "../socket_peer.ts";
import { residentMiB, startOurs } from "../socket_servers.ts";
import type { BenchServer } from "../socket_servers.ts";
import type { Row } from "./row.ts";

const LISTENERS = ["native", "hardened"] as const;
const CLIENTS = 1_000;
const SECONDS = 20;
const BOOK = { uri: "luno://market/XBTZAR/orderbook" };

/** Measures processor time for each notification, and memory for each client that watches. */
export async function* notificationRows(): AsyncGenerator<Row> {
  for (const listener of LISTENERS) {
    await using ours = await startOurs(listener, ["--ping-interval", "600"]);
    const few = await connectWatching(ours, 20);
    const alone = await watch(ours, few);
    const before = await residentMiB(ours.pid);
    const many = await connectWatching(ours, CLIENTS);
    const all = await watch(ours, many);
    const kib = (await residentMiB(ours.pid) - before) * 1_024 / CLIENTS;
    await Promise.all([...few, ...many].map((peer) => peer.close()));
    const told = all.told - alone.told;
    const server_us = (all.processorMs - alone.processorMs) * 1_000 / told;
    yield {
      work: `${CLIENTS} WebSocket clients that watch a book`,
      with: listener,
      notifications_per_second: all.told / SECONDS,
      server_us,
      per_second_and_processor: 1_000_000 / server_us,
      kib_per_client: kib,
    };
  }
}

async function connectWatching(server: BenchServer, count: number): Promise<SocketPeer[]> {
  const peers = await connectMany(server, count);
  await Promise.all(peers.map((peer) => peer.request("resources/subscribe", BOOK)));
  return peers;
}

/** Counts the notifications within the time, and the server's processor time. */
async function watch(
  { pid }: BenchServer,
  peers: readonly SocketPeer[],
): Promise<{ told: number; processorMs: number }> {
  const heard = () => peers.reduce((sum, { notified }) => sum + notified, 0);
  const [toldBefore, before] = [heard(), await processorMs(pid)];
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1_000));
  return { told: heard() - toldBefore, processorMs: await processorMs(pid) - before };
}
