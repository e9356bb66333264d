/** A short share of random histories of orders. */

import assert from "node:assert/strict";
import { runShare } from "./history_share.ts";

/** `deno task prove orders --seed 11` runs more of the same. */
const SEED = 11;

for (const first of [0, 100, 200]) {
  Deno.test(`OrderExecutor doubles, loses and misreports nothing, and exceeds no limit, in random histories from ${first} on`, async () => {
    const tally = await runShare({ seed: SEED, first, count: 100 });
    assert.deepEqual(tally.violations, []);
    assert.ok(tally.crashes > 30 && tally.faults > 60 && tally.orders > 100, JSON.stringify(tally));
  });
}
