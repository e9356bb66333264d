/** Tool calls over stdio against a bare echo on the same kind of pipe, and the server's memory meanwhile. */

import { Peer } from "./peer.ts";
import { contests } from "./programs.ts";
import { report } from "./report.ts";
import { residentMiB } from "./socket_servers.ts";

const CALL = { name: "describe_capabilities", arguments: {} };
const WARM_UP = 2_000;
const CALLS = 10_000;
const ROUNDS = 3;
const MEMORY_CALLS = 100_000;

/** Measures calls per second, one and sixteen in flight; the two sides alternate, and the best round of each counts. */
export async function benchStdio(): Promise<void> {
  for (const { name, server, bare } of await contests()) {
    for (const inFlight of [1, 16]) {
      const ours = await open(server);
      const theirs = await open([...bare, String(await ours.request("tools/call", CALL))]);
      let [calls_per_second, echoes_per_second] = [0, 0];
      for (let round = 0; round < ROUNDS; round++) {
        calls_per_second = Math.max(calls_per_second, await rate(ours, { calls: CALLS, inFlight }));
        echoes_per_second = Math.max(echoes_per_second, await rate(theirs, { calls: CALLS, inFlight }));
      }
      await Promise.all([ours.close(), theirs.close()]);
      const ratio = calls_per_second / echoes_per_second;
      report({
        figure: "tool calls over stdio",
        program: name,
        in_flight: inFlight,
        calls_per_second,
        echoes_per_second,
        ratio,
      });
    }
  }
}

/** Measures resident memory after the first list and after 100,000 calls. */
export async function benchMemory(): Promise<void> {
  for (const { name, server } of await contests()) {
    const peer = new Peer(server);
    await peer.initialize();
    await peer.request("tools/list", {});
    const start_mib = await residentMiB(peer.pid);
    await rate(peer, { calls: MEMORY_CALLS / 2, inFlight: 16 });
    const half_mib = await residentMiB(peer.pid);
    await rate(peer, { calls: MEMORY_CALLS / 2, inFlight: 16 });
    report({
      figure: "resident memory",
      program: name,
      calls: MEMORY_CALLS,
      start_mib,
      half_mib,
      end_mib: await residentMiB(peer.pid),
    });
    await peer.close();
  }
}

async function open(command: readonly string[]): Promise<Peer> {
  const peer = new Peer(command);
  await peer.initialize();
  await rate(peer, { calls: WARM_UP, inFlight: 16 });
  return peer;
}

async function rate(peer: Peer, { calls, inFlight }: { calls: number; inFlight: number }): Promise<number> {
  const started = performance.now();
  let left = calls;
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (left-- > 0) await peer.request("tools/call", CALL);
  }));
  return calls / ((performance.now() - started) / 1_000);
}
