/** How often the record is committed for one order, by the way it is placed. */

import { countCommits } from "./record_commits.ts";
import { report } from "./report.ts";
import { startOurs } from "./socket_servers.ts";

const SHARE_OF_BID = 0.96;

/**
 * Starts a server on the simulated exchange, places orders in each way, and counts; the record is created in `folder`.
 */
export async function benchPlacementCommits(folder: string): Promise<void> {
  await Deno.mkdir(folder, { mode: 0o700 });
  await using server = await startOurs("native", ["--trading", "auto", "--state", folder]);
  const url = server.address.replace(/^ws/, "http");
  const call = async (tool: string, args: Record<string, unknown>) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/v1/tools/${tool}`, { method: "POST", headers, body: JSON.stringify(args) });
    return await response.json();
  };
  const counted = async (what: string, tool: string, args: Record<string, unknown>) => {
    const before = await countCommits(`${folder}/trading.db-wal`);
    const answer = await call(tool, args);
    const commits = await countCommits(`${folder}/trading.db-wal`) - before;
    report({ figure: "commits of the record", what, status: String(answer.status ?? answer.placeable), commits });
    return answer;
  };
  const { bid } = await call("get_crypto_price", { pair: "XBTZAR" });
  const order = {
    pair: "XBTZAR",
    side: "BUY",
    volume: "0.0005",
    price: String(Math.floor(Number(bid) * SHARE_OF_BID)),
  };
  const { preview_id } = await counted("preview", "preview_order", order);
  await counted("placement of a preview", "place_order", { preview_id });
  await counted("placement of an order in full", "place_order", order);
  const { preview_id: keyed } = await call("preview_order", order);
  await counted("placement of a preview with a key", "place_order", { preview_id: keyed, idempotency_key: "k-1" });
}
