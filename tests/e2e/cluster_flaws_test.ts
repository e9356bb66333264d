/** The proof of servers on one database sees what is wrong with engines that are broken on purpose. */

import assert from "node:assert/strict";
import type { Violation, ViolationKind } from "./cluster_proof/checks.ts";
import { FLAWS } from "./cluster_proof/flaws.ts";
import type { Flaw } from "./cluster_proof/flaws.ts";
import { proveOnCluster } from "./cluster_proof/run.ts";
import type { Strike } from "./cluster_proof/strikes.ts";

interface Condemning {
  readonly kind: ViolationKind;
  readonly strikes: readonly Strike[];
  readonly heldShare?: number;
  readonly heldReadShare?: number;
}

/** What each flaw shows in, and what has to befall it. */
const CONDEMNING: Readonly<Record<Flaw, Condemning>> = {
  "no lease check": { kind: "forbidden", strikes: ["hold lease"] },
  "hasty takeover": {
    kind: "misreported",
    strikes: ["kill server", "kill server", "kill server", "kill server"],
    heldShare: 1,
  },
  "limits read outside": { kind: "limit", strikes: [] },
  "halt read outside": { kind: "forbidden", strikes: ["halt", "halt", "halt", "halt"], heldReadShare: 0.5 },
};

for (const flaw of FLAWS) {
  Deno.test(`the proof of servers on one database condemns an engine with: ${flaw}`, async () => {
    const { kind, ...befalling } = CONDEMNING[flaw];
    const isEnough = (violation: Violation) => violation.kind === kind;
    const options = { histories: 20, seed: 1, atOnce: 10, between: 1_000, isEnough };
    const tally = await proveOnCluster({ ...options, flaw, ...befalling });
    assert.ok(tally.violations.some(isEnough), JSON.stringify(tally));
  });
}
