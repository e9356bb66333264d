/**
 * Random histories of three servers on one database: a short run without any violation. `prove cluster` makes long
 * ones.
 */

import assert from "node:assert/strict";
import { proveOnCluster } from "./cluster_proof/run.ts";

Deno.test("servers on one database: no order is doubled, lost, misreported or forbidden while servers and database are killed or frozen", async () => {
  const strikes = ["kill server", "halt", "pause database", "kill database", "pause server"] as const;
  const tally = await proveOnCluster({ histories: 20, seed: 20_261_129, atOnce: 10, between: 1_000, strikes });
  assert.deepEqual(tally.violations, []);
  assert.equal(tally.killsAndPauses, 4);
  assert.ok(tally.orders > 0);
});
