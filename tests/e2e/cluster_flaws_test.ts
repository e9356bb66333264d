/** The proof of servers on one database sees what is wrong with engines that are broken on purpose. */

import assert from "node:assert/strict";
import { condemn } from "./cluster_proof/condemn.ts";

/** `deno task prove cluster --flaws` shows it the others too, which takes minutes. */
for (const flaw of ["limits read outside", "no lease check"] as const) {
  Deno.test(`the proof of servers on one database condemns an engine with: ${flaw}`, async () => {
    const { isCondemned, tally } = await condemn(flaw);
    assert.ok(isCondemned, JSON.stringify(tally));
  });
}
