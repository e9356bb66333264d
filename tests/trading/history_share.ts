/** Runs many histories one after another and sums their counts and violations. */

import { join } from "node:path";
import { FaultyExchange } from "./faulty_exchange.ts";
import { runHistory, type Told } from "./histories.ts";
import { checkHistory, type Violation } from "./history_checker.ts";
import type { Flaw } from "./fault_plan.ts";

/** One of so many histories runs over sockets, the others within the process. */
const SOCKETS_EVERY = 20;

/** Which histories to run. */
export interface Share {
  readonly seed: number;
  /** Number of the first. */
  readonly first: number;
  readonly count: number;
  /**
   * The folder for their records; one in memory is faster.
   *
   * @default the folder for temporary files
   */
  readonly folder?: string | undefined;
  readonly flaw?: Flaw | undefined;
  /**
   * Ends at the first history with a violation.
   *
   * @default false
   */
  readonly untilWrong?: boolean;
}

/** The results. */
export interface Tally {
  histories: number;
  overSockets: number;
  /** Those with several processes on one record. */
  several: number;
  halts: number;
  /** Calls whose caller aborted or lost its rights. */
  ended: number;
  crashes: number;
  faults: number;
  orders: number;
  /** Counts of the callers' answers. */
  told: Record<string, number>;
  /** The first hundred. */
  violations: (Violation & { readonly history: number })[];
  violated: number;
}

/** After so many histories a new exchange is opened, since its orders accumulate. */
const HISTORIES_PER_EXCHANGE = 100;
const MAX_VIOLATIONS = 100;

/** An empty tally. */
export function emptyTally(): Tally {
  return {
    histories: 0,
    overSockets: 0,
    several: 0,
    halts: 0,
    ended: 0,
    crashes: 0,
    faults: 0,
    orders: 0,
    told: {},
    violations: [],
    violated: 0,
  };
}

/** Adds `more` to `tally`. */
export function addTally(tally: Tally, more: Tally): void {
  for (
    const name of [
      "histories",
      "overSockets",
      "several",
      "halts",
      "ended",
      "crashes",
      "faults",
      "orders",
      "violated",
    ] as const
  ) {
    tally[name] += more[name];
  }
  for (const [what, count] of Object.entries(more.told)) tally.told[what] = (tally.told[what] ?? 0) + count;
  tally.violations = [...tally.violations, ...more.violations].slice(0, MAX_VIOLATIONS);
}

/** Runs a share; `onProgress` is called after each exchange's worth. */
export async function runShare(share: Share, onProgress: (soFar: Tally) => void = () => {}): Promise<Tally> {
  const tally = emptyTally();
  const root = await Deno.makeTempDir(share.folder === undefined ? {} : { dir: share.folder });
  try {
    const end = share.first + share.count;
    for (let first = share.first; first < end; first += HISTORIES_PER_EXCHANGE) {
      await using exchange = new FaultyExchange({ seed: share.seed * 31 + first });
      const last = Math.min(first + HISTORIES_PER_EXCHANGE, end);
      for (let number = first; number < last; number++) {
        await runOne({ ...share, number, exchange, root }, tally);
        if (share.untilWrong === true && tally.violated > 0) return tally;
      }
      onProgress(tally);
    }
    return tally;
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function runOne(
  { seed, number, exchange, root, flaw }: Share & {
    readonly number: number;
    readonly exchange: FaultyExchange;
    readonly root: string;
  },
  tally: Tally,
): Promise<void> {
  await exchange.advance(1_000);
  const folder = join(root, String(number));
  const overSockets = number % SOCKETS_EVERY === 0;
  const history = await runHistory({ seed, number, exchange, folder, overSockets, flaw });
  const violations = checkHistory(history, exchange).map((violation) => ({ ...violation, history: number }));
  addTally(tally, {
    histories: 1,
    overSockets: overSockets ? 1 : 0,
    several: history.processes > 1 ? 1 : 0,
    halts: history.halts,
    ended: history.ended,
    crashes: history.crashes,
    faults: history.faults,
    orders: exchange.createdSince(history.startedAt).length,
    told: countTold(history.told),
    violations,
    violated: violations.length > 0 ? 1 : 0,
  });
  history.store.close();
  exchange.clear();
  await Deno.remove(folder, { recursive: true });
}

function countTold(told: readonly Told[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, result } of told) {
    const reason = "reason" in result ? ` ${result.reason}` : "";
    const what = "status" in result ? `${kind}: ${result.status}${reason}` : kind;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}
