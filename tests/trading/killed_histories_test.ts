/** Histories of orders whose processes are killed or stopped. */

import assert from "node:assert/strict";
import { killHistories, stopHistories } from "./killed_histories.ts";

const SEED = 11;

Deno.test("OrderExecutor doubles, loses and misreports nothing when its process is killed before and after sending", async () => {
  const { kills, violations } = await killHistories({ seed: SEED, steps: [8, 10] });
  assert.deepEqual(violations, []);
  assert.ok(kills >= 2, `${kills} kills`);
});

Deno.test("OrderExecutor sends nothing too late, and takes over from no live process, when one of two processes is stopped", async () => {
  const { kills, violations } = await stopHistories({ steps: [STEP_OF_SENDING] });
  assert.deepEqual(violations, []);
  assert.equal(kills, 1);
});

/** Between the order written down and its request. */
const STEP_OF_SENDING = 11;
