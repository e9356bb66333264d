/** A short share of random histories, and proof that their checker is able to condemn. */

import assert from "node:assert/strict";
import { killHistories, stopHistories } from "./killed_histories.ts";
import { runShare } from "./history_share.ts";
import { type Flaw, FLAWS } from "./fault_plan.ts";

/** `deno task prove orders --seed 11` runs more of the same. */
const SEED = 11;

for (const first of [0, 100, 200, 300, 400]) {
  Deno.test(`OrderExecutor doubles, loses and misreports nothing, and passes no limit, in random histories from ${first} on`, async () => {
    const tally = await runShare({ seed: SEED, first, count: 100 });
    assert.deepEqual(tally.violations, []);
    assert.ok(tally.crashes > 30 && tally.faults > 60 && tally.orders > 100, JSON.stringify(tally));
  });
}

Deno.test("OrderExecutor doubles, loses and misreports nothing when its process is killed before and after the order has left", async () => {
  const { kills, violations } = await killHistories({ seed: SEED, steps: [8, 10] });
  assert.deepEqual(violations, []);
  assert.ok(kills >= 2, `${kills} kills`);
});

Deno.test("OrderExecutor sends nothing too late, and takes over from nobody who lives, when one of two processes is stopped", async () => {
  const { kills, violations } = await stopHistories({ steps: [STEP_OF_SENDING] });
  assert.deepEqual(violations, []);
  assert.equal(kills, 1);
});

/** Between the order written down and its request. */
const STEP_OF_SENDING = 11;

/** How many histories it takes at most until a broken engine is seen, from which on, and what is seen of it. */
interface Condemned {
  readonly from?: number;
  readonly within: number;
  readonly as: readonly string[];
}

const CONDEMNED: Readonly<Record<Flaw, Condemned>> = {
  sends_again: { within: 30, as: ["doubled", "lost"] },
  journals_afterwards: { within: 60, as: ["lost", "misreported"] },
  trusts_silence: { within: 100, as: ["misreported", "lost"] },
  ignores_limits: { from: 120, within: 40, as: ["limit"] },
  hurries: { within: 100, as: ["misreported", "lost", "forbidden"] },
  forgets_cancel: { within: 30, as: ["misreported"] },
  settles_unseen: { within: 100, as: ["misreported", "lost"] },
  ignores_callers: { within: 60, as: ["forbidden"] },
  waits_after_marking: { from: 80, within: 30, as: ["forbidden"] },
  sends_when_halted: { within: 100, as: ["forbidden"] },
  gives_up_cancelling: { from: 200, within: 20, as: ["forbidden"] },
  refuses_repetitions: { within: 30, as: ["misreported"] },
  keeps_claims: { within: 100, as: ["stuck"] },
};

for (const flaw of FLAWS) {
  Deno.test(`checkHistory() condemns an engine that ${flaw.replaceAll("_", " ")}`, async () => {
    const { from = 0, within, as } = CONDEMNED[flaw];
    const { violations } = await runShare({ seed: SEED, first: from, count: within, flaw, untilWrong: true });
    const kinds = new Set<string>(violations.map(({ kind }) => kind));
    assert.ok(as.some((kind) => kinds.has(kind)), `saw ${[...kinds].join(", ") || "nothing"}`);
  });
}
