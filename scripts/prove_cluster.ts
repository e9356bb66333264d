/**
 * Runs random histories of three servers on one PostgreSQL while servers and database are killed or frozen; exits with
 * code 1 when an order was doubled, lost or misreported, or sent after it was forbidden, or a limit was exceeded.
 * `--flaw NAME` breaks the engine first; `--flaws` runs each flaw until it is detected, and exits with 1 when one never
 * is. With `TMPDIR` in memory it is faster; fsync stays on.
 */

import { parseArgs } from "node:util";
import { print } from "../src/world.ts";
import type { Violation } from "../tests/e2e/cluster_proof/checks.ts";
import { condemn } from "../tests/e2e/cluster_proof/condemn.ts";
import { FLAWS } from "../tests/e2e/cluster_proof/flaws.ts";
import { proveOnCluster } from "../tests/e2e/cluster_proof/run.ts";
import type { ClusterTally } from "../tests/e2e/cluster_proof/run.ts";

const OPTIONS = {
  histories: { type: "string", default: "100" },
  seed: { type: "string", default: "1" },
  /** Concurrent histories, and those between two faults. */
  "at-once": { type: "string", default: "20" },
  between: { type: "string", default: "20" },
  flaw: { type: "string" },
  flaws: { type: "boolean", default: false },
} as const;

const PROGRESS_MS = 60_000;
const MOST_SHOWN = 20;

/** Runs what the arguments request; returns the exit code. */
export async function proveCluster(args: readonly string[]): Promise<0 | 1> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.flaws) return await condemnEach();
  const startedAt = performance.now();
  const seed = Number(values.seed);
  let toldAt = startedAt;
  let shown = 0;
  const show = async (violations: readonly Violation[]) => {
    for (const violation of violations.slice(shown, MOST_SHOWN)) await say(described(violation, seed));
    shown = violations.length;
  };
  const tally = await proveOnCluster({
    histories: Number(values.histories),
    seed,
    atOnce: Number(values["at-once"]),
    between: Number(values.between),
    flaw: FLAWS.find((name) => name === values.flaw),
    onProgress(soFar) {
      if (performance.now() - toldAt < PROGRESS_MS) return;
      toldAt = performance.now();
      void show(soFar.violations);
      void say(`${sentenceOf(soFar)}, ${soFar.violations.length} wrong …`);
    },
  });
  const { violations, strikes } = tally;
  const struck = Object.entries(strikes).map(([strike, count]) => `${strike} ${count}`).join(", ");
  const count = (kind: Violation["kind"]) => violations.filter((violation) => violation.kind === kind).length;
  await say(`${sentenceOf(tally)} in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s (${struck})`);
  const told = Object.entries(tally.told).toSorted(([, one], [, other]) => other - one);
  for (const [what, times] of told) await say(`${String(times).padStart(8)}  ${what}`);
  await show(violations);
  await say(
    `${violations.length} wrong: doubled ${count("doubled")}, lost ${count("lost")}, misreported ${
      count("misreported")
    }, ` +
      `sent after it was forbidden ${count("forbidden")}, limits passed ${count("limit")}, never known ${
        count("open")
      }`,
  );
  return violations.length === 0 ? 0 : 1;
}

/** Checks that the proof detects each flaw. */
async function condemnEach(): Promise<0 | 1> {
  let missed = 0;
  for (const flaw of FLAWS) {
    const { isCondemned, tally } = await condemn(flaw);
    await say(`${flaw}: ${isCondemned ? "condemned" : "NOT SEEN"} (${sentenceOf(tally)})`);
    if (!isCondemned) missed++;
  }
  return missed === 0 ? 0 : 1;
}

function sentenceOf({ histories, calls, orders, killsAndPauses, halts }: ClusterTally): string {
  return `${histories} histories, ${calls} calls, ${orders} orders, ${killsAndPauses} kills and pauses, ${halts} halts`;
}

/** A violation, with the steps of its history and their answers. */
function described({ kind, text, history }: Violation, seed: number): string {
  if (history === undefined) return `${kind}: ${text}`;
  const steps = history.told.map(({ step, answer }) => `  ${JSON.stringify(step)} → ${JSON.stringify(answer)}`);
  return [`seed ${seed}, history ${history.number}: ${kind}: ${text}`, ...steps].join("\n");
}

async function say(line: string): Promise<void> {
  await print(Deno.stdout, line);
}
