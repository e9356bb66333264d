/** Prices, books and candles of unchanged data over WebSocket, 50 connections with 4 calls in flight each. */

import { SocketPeer } from "../socket_peer.ts";
import { startBare, startOurs } from "../socket_servers.ts";
import { contest } from "./contest.ts";
import { Load } from "./load.ts";
import type { Row } from "./row.ts";

const LISTENERS = ["native", "hardened"] as const;

const CALLS = [
  { name: "describe_capabilities", arguments: {} },
  { name: "get_crypto_price", arguments: { pair: "XBTZAR" } },
  { name: "get_orderbook", arguments: { pair: "XBTZAR", depth: 10 } },
  { name: "get_historical_prices", arguments: { pair: "XBTZAR" } },
] as const;

/** Measures each call on each listener. */
export async function* websocketRows(): AsyncGenerator<Row> {
  for (const listener of LISTENERS) {
    await using ours = await startOurs(listener, ["--ping-interval", "600"]);
    for (const call of CALLS) {
      await using bare = await startBare(listener, await answerSize(ours.address, call));
      const plan = { wire: "websocket", connections: 50, inFlight: 4, calls: [call] } as const;
      await using load = await Load.start({ ...plan, port: portOf(ours.address) }, ours.pid);
      await using bareLoad = await Load.start({ ...plan, port: portOf(bare.address) }, bare.pid);
      yield { work: `WebSocket ${call.name}`, with: listener, ...await contest(load, bareLoad), aim: 0.7, then: 0.85 };
    }
  }
}

async function answerSize(address: string, call: object): Promise<number> {
  const peer = await SocketPeer.connect(address);
  await peer.initialize();
  const size = await peer.request("tools/call", call);
  await peer.close();
  return size;
}

function portOf(address: string): number {
  return Number(new URL(address).port);
}
