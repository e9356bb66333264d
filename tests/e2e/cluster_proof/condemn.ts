/** Runs the proof of servers on one database against an engine that is broken on purpose. */

import type { Violation, ViolationKind } from "./checks.ts";
import type { Flaw } from "./flaws.ts";
import { proveOnCluster } from "./run.ts";
import type { ClusterTally } from "./run.ts";
import type { Strike } from "./strikes.ts";

interface Condemning {
  readonly kind: ViolationKind;
  readonly strikes: readonly Strike[];
  readonly heldShare?: number;
  readonly heldReadShare?: number;
}

/** Where each flaw shows, and which faults it takes. */
const CONDEMNING: Readonly<Record<Flaw, Condemning>> = {
  "no lease check": { kind: "forbidden", strikes: ["hold lease"] },
  "hasty takeover": {
    kind: "misreported",
    strikes: ["kill server", "kill server", "kill server", "kill server"],
    heldShare: 1,
  },
  "limits read outside": { kind: "limit", strikes: [] },
  "halt read outside": {
    kind: "forbidden",
    strikes: ["halt", "halt", "halt", "halt", "halt", "halt", "halt", "halt"],
    heldReadShare: 0.5,
  },
};

/** Ends as soon as the flaw is detected; `isCondemned` is `false` if it never is. */
export async function condemn(flaw: Flaw): Promise<{ readonly isCondemned: boolean; readonly tally: ClusterTally }> {
  const { kind, ...befalling } = CONDEMNING[flaw];
  const isEnough = (violation: Violation) => violation.kind === kind;
  const options = { histories: 100, seed: 1, atOnce: 10, between: 1_000, isEnough };
  const tally = await proveOnCluster({ ...options, flaw, ...befalling });
  return { isCondemned: tally.violations.some(isEnough), tally };
}
