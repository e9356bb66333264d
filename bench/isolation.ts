/** Many clients that use the same ids concurrently; an answer to another client's request is counted. */

import { report } from "./report.ts";
import { startOurs } from "./socket_servers.ts";

const CLIENTS = 64;
const CALLS_EACH = 1_600;
const IN_FLIGHT = 8;

/** Sends requests whose answers repeat a text that no other client uses. */
export async function benchIsolation(): Promise<void> {
  for (const listener of ["native", "hardened"]) {
    await using ours = await startOurs(listener);
    const results = await Promise.all(Array.from({ length: CLIENTS }, (_, client) => askMany(ours.address, client)));
    const foreign = results.reduce((sum, each) => sum + each, 0);
    report({
      figure: "answers seen by another client",
      listener,
      clients: CLIENTS,
      calls: CLIENTS * CALLS_EACH,
      foreign,
    });
  }
}

/** Returns how many answers belonged to another client. */
async function askMany(address: string, client: number): Promise<number> {
  const socket = new WebSocket(address);
  await new Promise((resolve) => socket.onopen = resolve);
  const done = Promise.withResolvers<void>();
  let [sent, received, foreign] = [0, 0, 0];
  const ask = () => {
    const params = { pair: `client ${client} call ${sent}` };
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: sent++, method: "get_crypto_price", params }));
  };
  socket.onmessage = ({ data }) => {
    const { id, error } = JSON.parse(data);
    if (!String(error?.message).includes(`"client ${client} call ${id}"`)) foreign++;
    if (++received === CALLS_EACH) done.resolve();
    else if (sent < CALLS_EACH) ask();
  };
  for (let started = 0; started < IN_FLIGHT; started++) ask();
  await done.promise;
  socket.close();
  return foreign;
}
