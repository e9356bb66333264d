/** The proof of servers on one database detects an engine that is broken on purpose. */

import assert from "node:assert/strict";
import { condemn } from "./cluster_proof/condemn.ts";

/** `deno task prove cluster --flaws` tries the others too, which takes minutes. */
Deno.test("the proof of servers on one database fails for an engine that reads limits outside the transaction", async () => {
  const { isCondemned, tally } = await condemn("limits read outside");
  assert.ok(isCondemned, JSON.stringify(tally));
});
