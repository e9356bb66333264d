/** The checker of histories is able to fail: it detects engines that are broken on purpose. */

import assert from "node:assert/strict";
import { type Flaw, FLAWS } from "./fault_plan.ts";
import { runShare } from "./history_share.ts";

const SEED = 11;

/** Maximum number of histories until a broken engine is detected, the first one, and the violations to expect. */
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
  forgets_previews: { within: 30, as: ["preview"] },
  trusts_old_previews: { within: 100, as: ["preview"] },
};

for (const flaw of FLAWS) {
  Deno.test(`checkHistory() fails for an engine that ${flaw.replaceAll("_", " ")}`, async () => {
    const { from = 0, within, as } = CONDEMNED[flaw];
    const { violations } = await runShare({ seed: SEED, first: from, count: within, flaw, untilWrong: true });
    const kinds = new Set<string>(violations.map(({ kind }) => kind));
    assert.ok(as.some((kind) => kinds.has(kind)), `saw ${[...kinds].join(", ") || "nothing"}`);
  });
}
