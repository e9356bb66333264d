/**
 * Runs random order histories on all cores and reports whether any order was doubled, lost or misreported, or any limit
 * exceeded; exits with code 1 when one was. `--flaw NAME` breaks the engine first, which must be detected.
 */

import { parseArgs } from "node:util";
import { print } from "../src/world.ts";
import { addTally, emptyTally, type Share, type Tally } from "../tests/trading/history_share.ts";
import type { WorkerMessage } from "../tests/trading/history_worker.ts";
import { killHistories, MAX_STEPS, stopHistories } from "../tests/trading/killed_histories.ts";
import { FLAWS } from "../tests/trading/fault_plan.ts";

const OPTIONS = {
  histories: { type: "string", default: "500" },
  seed: { type: "string", default: "1" },
  /** Number of the first history. */
  first: { type: "string", default: "0" },
  workers: { type: "string", default: String(navigator.hardwareConcurrency) },
  /** Histories in which a real process is killed, at a different step each time. */
  kills: { type: "string", default: "0" },
  /** Histories in which one of two real processes is stopped, at a different step each time. */
  stops: { type: "string", default: "0" },
  /** The folder for the records; one in memory is faster. */
  folder: { type: "string" },
  flaw: { type: "string" },
} as const;

const PROGRESS_MS = 30_000;

/** Runs the histories that the arguments request; returns the exit code. */
export async function proveOrders(args: readonly string[]): Promise<0 | 1> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const [histories, seed, first] = [Number(values.histories), Number(values.seed), Number(values.first)];
  const workers = Math.min(Number(values.workers), histories);
  const flaw = FLAWS.find((name) => name === values.flaw);
  const startedAt = performance.now();
  const shares = Array.from({ length: workers }, (_each, place): Share => {
    const from = Math.floor(histories * place / workers);
    const count = Math.floor(histories * (place + 1) / workers) - from;
    return { seed, first: first + from, count, folder: values.folder, flaw };
  });
  const tally = await inWorkers(shares);
  await report(tally, performance.now() - startedAt);
  const killed = await killHistories({ seed, steps: stepsOf(values.kills) });
  const stopped = await stopHistories({ steps: stepsOf(values.stops) });
  for (const [what, { kills, histories, violations }] of [["killed", killed], ["stopped", stopped]] as const) {
    if (histories > 0) {
      await say(`${kills} real processes ${what} in ${histories} histories, ${violations.length} wrong`);
    }
  }
  const violations = [...tally.violations, ...killed.violations, ...stopped.violations];
  for (const { kind, text, history } of violations.slice(0, 20)) await say(`history ${history}: ${kind}: ${text}`);
  return tally.violated + killed.violations.length + stopped.violations.length === 0 ? 0 : 1;
}

/** Consecutive steps, so many in all. */
function stepsOf(count: string): number[] {
  return Array.from({ length: Number(count) }, (_each, history) => 1 + history % MAX_STEPS);
}

/** Runs each share in a worker of its own, and reports progress now and then. */
async function inWorkers(shares: readonly Share[]): Promise<Tally> {
  const soFar = new Map<Share, Tally>();
  const timer = setInterval(() => say(progressOf(summed(soFar))), PROGRESS_MS);
  try {
    await Promise.all(shares.map((share) => inWorker(share, (tally) => soFar.set(share, tally))));
    return summed(soFar);
  } finally {
    clearInterval(timer);
  }
}

function progressOf({ histories, several, orders, faults, crashes, halts, ended, violated }: Tally): string {
  const met = `${orders} orders, ${faults} faults, ${crashes} crashes, ${halts} halts, ${ended} calls that ended early`;
  return `${histories} histories (${several} with several processes), ${met}, ${violated} wrong …`;
}

function inWorker(share: Share, onTally: (tally: Tally) => void): Promise<void> {
  const worker = new Worker(new URL("../tests/trading/history_worker.ts", import.meta.url), { type: "module" });
  return new Promise<void>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      onTally(data.tally);
      if (data.kind === "end") resolve();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(share);
  }).finally(() => worker.terminate());
}

function summed(tallies: ReadonlyMap<Share, Tally>): Tally {
  const sum = emptyTally();
  for (const tally of tallies.values()) addTally(sum, tally);
  return sum;
}

async function report(tally: Tally, ms: number): Promise<void> {
  const { histories, overSockets, several, halts, ended, crashes, faults, orders, violations, violated } = tally;
  const count = (kind: string): number => violations.filter((violation) => violation.kind === kind).length;
  const told = Object.entries(tally.told).toSorted(([a], [b]) => a < b ? -1 : 1);
  await say([
    `${histories} histories (${overSockets} over sockets, ${several} with several processes) in ` +
    `${(ms / 1000).toFixed(0)} s: ${orders} orders, ${faults} faults, ${crashes} crashes, ${halts} halts, ` +
    `${ended} calls that ended early`,
    `${violated} wrong: doubled ${count("doubled")}, lost ${count("lost")}, misreported ${count("misreported")}, ` +
    `sent after it was forbidden ${count("forbidden")}, limits passed ${count("limit")}, other ${
      count("audit") + count("unsettled") + count("error")
    }`,
    ...told.map(([what, times]) => `  ${String(times).padStart(8)}  ${what}`),
  ].join("\n"));
}

async function say(text: string): Promise<void> {
  await print(Deno.stdout, text);
}

if (import.meta.main) Deno.exit(await proveOrders(Deno.args));
