/** Clients that read prices and books while others trade. */

import { SocketPeer } from "../socket_peer.ts";

const CLIENTS = 8;
/** From one read of a client to the next. */
const PACE_MS = 20;

const READS = [
  { name: "get_crypto_price", arguments: { pair: "XBTZAR" } },
  { name: "get_orderbook", arguments: { pair: "XBTZAR", depth: 10 } },
];

/** Clients with a WebSocket each. */
export class Readers {
  readonly #peers: readonly SocketPeer[];

  private constructor(peers: readonly SocketPeer[]) {
    this.#peers = peers;
  }

  static async connect(address: string): Promise<Readers> {
    const peers = await Promise.all(Array.from({ length: CLIENTS }, () => SocketPeer.connect(address)));
    for (const peer of peers) await peer.initialize();
    return new Readers(peers);
  }

  /** Reads for a while; returns the duration of each read, in milliseconds. */
  async read(forMs: number): Promise<number[]> {
    const endMs = performance.now() + forMs;
    return (await Promise.all(this.#peers.map((peer) => readUntil(peer, endMs)))).flat();
  }

  async close(): Promise<void> {
    for (const peer of this.#peers) await peer.close();
  }
}

/** A read that had to wait for the previous one counts from when it was due: a blocked server delays them all. */
async function readUntil(peer: SocketPeer, endMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let dueMs = performance.now(); dueMs < endMs; dueMs += PACE_MS) {
    const earlyMs = dueMs - performance.now();
    if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs));
    await peer.request("tools/call", READS[times.length % READS.length] ?? {});
    times.push(performance.now() - dueMs);
  }
  return times;
}
