/**
 * The cost of many readers at the exchange: a thousand clients read candles, books and prices of five pairs for a
 * minute.
 */

import { startOurs } from "../socket_servers.ts";
import { Load } from "./load.ts";
import type { Row } from "./row.ts";

const CLIENTS = 1_000;
const SECONDS = 60;
const PAIRS = ["XBTZAR", "ETHZAR", "XRPZAR", "XBTUSDT", "ETHUSDT"];
const CALLS = PAIRS.flatMap((pair) => [
  { name: "get_historical_prices", arguments: { pair } },
  { name: "get_orderbook", arguments: { pair, depth: 10 } },
  { name: "get_crypto_price", arguments: { pair } },
]);

/** Counts the calls that reach the exchange. */
export async function* upstreamRows(): AsyncGenerator<Row> {
  await using ours = await startOurs("native", ["--ping-interval", "600"]);
  const { port } = new URL(ours.address);
  const plan = { port: Number(port), wire: "websocket", connections: CLIENTS, inFlight: 1, calls: CALLS } as const;
  await using load = await Load.start({ ...plan, everyMs: 1_000 }, ours.pid);
  const before = await exchangeCalls(port);
  const { calls, serverUs } = await load.run(SECONDS * 1_000);
  const upstream = (await exchangeCalls(port) - before) / SECONDS;
  yield {
    work: `${CLIENTS} clients read candles, books and prices of ${PAIRS.length} pairs`,
    with: "native",
    seconds: SECONDS,
    calls,
    server_us: serverUs,
    upstream_per_second: upstream,
    aim: 6,
    then: 0,
  };
}

async function exchangeCalls(port: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const counts = text.matchAll(/^luno_mcp_exchange_calls_total\{.*\} (\d+)$/gm);
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
}
