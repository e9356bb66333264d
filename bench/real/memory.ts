/** Memory under real work: after a start, for idle clients, and after millions of calls. */

import { Peer } from "../peer.ts";
import { contests } from "../programs.ts";
import { connectMany } from "../socket_peer.ts";
import { residentMiB, startBare, startOurs } from "../socket_servers.ts";
import { Load } from "./load.ts";
import type { Row } from "./row.ts";

const LISTENERS = ["native", "hardened"] as const;
const IDLE_CLIENTS = 1_000;
const LONG_RUN_CALLS = 5_000_000;
const PAIR = { pair: "XBTZAR" };

/** Memory after the first list on stdio, above that of the bare program after its first answer. */
export async function* startMemoryRows(): AsyncGenerator<Row> {
  for (const { name, server, bare } of await contests()) {
    const [ours_mib, bare_mib] = [await memoryAfterList(server), await memoryAfterList(bare)];
    yield {
      work: "memory after start",
      with: name,
      ours_mib,
      bare_mib,
      above_mib: ours_mib - bare_mib,
      aim: 12,
      then: 8,
    };
  }
}

async function memoryAfterList(command: readonly string[]): Promise<number> {
  const peer = new Peer(command);
  await peer.initialize();
  await peer.request("tools/list", {});
  const mib = await residentMiB(peer.pid);
  await peer.close();
  return mib;
}

/** Memory of an idle WebSocket client after its initialization, above that of the bare server's. */
export async function* idleRows(): AsyncGenerator<Row> {
  for (const listener of LISTENERS) {
    await using ours = await startOurs(listener);
    await using bare = await startBare(listener, 100);
    const [ours_kib, bare_kib] = [await idleKiB(ours), await idleKiB(bare)];
    yield {
      work: `memory of an idle WebSocket client, ${IDLE_CLIENTS} of them`,
      with: listener,
      ours_kib,
      bare_kib,
      above_kib: ours_kib - bare_kib,
      aim: 14,
      then: 8,
    };
  }
}

async function idleKiB(server: { readonly address: string; readonly pid: number }): Promise<number> {
  const some = await connectMany(server, 20);
  const before = await residentMiB(server.pid);
  const many = await connectMany(server, IDLE_CLIENTS);
  const after = await residentMiB(server.pid);
  await Promise.all([...some, ...many].map((peer) => peer.close()));
  return (after - before) * 1_024 / IDLE_CLIENTS;
}

/** Memory while five million calls for prices, books and candles are answered, with the embedded simulated exchange. */
export async function* longRunRows(): AsyncGenerator<Row> {
  await using ours = await startOurs("native", ["--ping-interval", "600"]);
  const calls = [
    { name: "get_crypto_price", arguments: PAIR },
    { name: "get_orderbook", arguments: { ...PAIR, depth: 10 } },
    { name: "get_historical_prices", arguments: PAIR },
  ];
  const port = Number(new URL(ours.address).port);
  await using load = await Load.start({ port, wire: "websocket", connections: 50, inFlight: 4, calls }, ours.pid);
  const sizes: number[] = [];
  let done = 0;
  while (done < LONG_RUN_CALLS) {
    done += (await load.run(5_000)).calls;
    sizes.push(await residentMiB(ours.pid));
  }
  const middle = sizes[Math.floor(sizes.length / 2)] ?? NaN;
  const last = sizes.at(-1) ?? NaN;
  const most_mib = Math.max(...sizes);
  yield { work: "memory over calls", with: "native", calls: done, half_mib: middle, end_mib: last, most_mib, aim: 200 };
}
