/** Time from start to the first answer of `tools/list`, against a bare program's first answer. */

import { Peer } from "./peer.ts";
import { contests } from "./programs.ts";
import { median, report } from "./report.ts";

const ROUNDS = 15;

/** Measures every way to start the server; the two sides take turns. */
export async function benchStart(): Promise<void> {
  for (const { name, server, bare } of await contests()) {
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await timeToList(server));
      theirs.push(await timeToList(bare));
    }
    const [server_ms, bare_ms] = [median(ours), median(theirs)];
    report({ figure: "start to first tools/list", program: name, server_ms, bare_ms, ratio: server_ms / bare_ms });
  }
}

async function timeToList(command: readonly string[]): Promise<number> {
  const started = performance.now();
  const peer = new Peer(command);
  await peer.initialize();
  await peer.request("tools/list", {});
  const elapsed = performance.now() - started;
  await peer.close();
  return elapsed;
}
