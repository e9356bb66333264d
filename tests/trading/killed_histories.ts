/**
 * Histories of real processes: one that is killed at a step of its journal or of its calls and restarted on the same
 * record, and two on one record, of which one is stopped at a step and continues when its order is too late.
 */

import { fileURLToPath } from "node:url";
import { z } from "zod";
import { sealPolicy } from "../../src/trading/policy/policy.ts";
import { SqliteRecord } from "../../src/state/record/sqlite/record.ts";
import { FaultyExchange } from "./faulty_exchange.ts";
import { Dice, makeOrder } from "./chance.ts";
import type { History, Intent, Told } from "./histories.ts";
import { checkHistory, type Violation } from "./history_checker.ts";
import { linesOf } from "../support/lines.ts";
import { KILL_ME, type KilledWork, STOPPED } from "./killed_process.ts";

/** Which histories to run. */
export interface KilledShare {
  readonly seed: number;
  /** For each history the step at which its process is killed first. */
  readonly steps: readonly number[];
}

/** The results. */
export interface KilledTally {
  readonly histories: number;
  readonly kills: number;
  readonly violations: readonly (Violation & { readonly history: number })[];
}

/** The approximate number of steps of one process's placements. */
export const MAX_STEPS = 16;

const PROGRAM = fileURLToPath(new URL("./killed_process.ts", import.meta.url));

/** A line of the process; its shape is checked where it is read. */
const Line = z.union([z.literal([KILL_ME, STOPPED]), z.object({ kind: z.literal("placement") }).loose()]);

/** Runs histories one after another. */
export async function killHistories({ seed, steps }: KilledShare): Promise<KilledTally> {
  const dice = new Dice(seed);
  const violations: (Violation & { history: number })[] = [];
  let kills = 0;
  for (const [history, step] of steps.entries()) {
    const run = await killHistory(step, dice);
    kills += run.kills;
    violations.push(...run.violations.map((violation) => ({ ...violation, history })));
  }
  return { histories: steps.length, kills, violations };
}

async function killHistory(steps: number, dice: Dice): Promise<{ kills: number; violations: Violation[] }> {
  const folder = await Deno.makeTempDir();
  // Its clock is the real one, like the process's.
  const clock = Object.defineProperty({ now: 0 }, "now", { get: Date.now, set: () => {} });
  await using exchange = new FaultyExchange({ clock });
  const startedAt = Date.now();
  const intents = [0, 1].map((number) => intentOf(number));
  const when = dice.pick(["before", "after", "not"] as const);
  exchange.fault = ({ path }) => path.endsWith("postorder") && when !== "not" ? { kind: "cut", when } : undefined;
  const told: Told[] = [];
  let kills = 0;
  for (const limit of [steps, 1 + dice.below(MAX_STEPS), null]) {
    if (limit === null) exchange.fault = () => undefined;
    const run = await runProcess({ url: exchange.url, folder, intents, steps: limit, stopAt: null, aheadMs: 0 });
    told.push(...run.told);
    kills += run.isKilled ? 1 : 0;
  }
  const run = { folder, processes: 1, crashes: kills, startedAt, intents, told };
  return { kills, violations: await checkRun(run, exchange) };
}

/** Runs histories in which a process is stopped at one of these steps, one after the other. */
export async function stopHistories({ steps }: Pick<KilledShare, "steps">): Promise<KilledTally> {
  const violations: (Violation & { history: number })[] = [];
  let kills = 0;
  for (const [history, step] of steps.entries()) {
    const run = await stopHistory(step);
    kills += run.stops;
    violations.push(...run.violations.map((violation) => ({ ...violation, history })));
  }
  return { histories: steps.length, kills, violations };
}

/** How much later a stopped process goes on, by the exchange's clock: its order is not taken any more then. */
const STOPPED_FOR_MS = 6_000;

/** Two processes on one record: while the first stands still the second works; then the first goes on, too late. */
async function stopHistory(stopAt: number): Promise<{ stops: number; violations: Violation[] }> {
  const folder = await Deno.makeTempDir();
  let aheadMs = 0;
  const clock = Object.defineProperty({ now: 0 }, "now", { get: () => Date.now() + aheadMs, set: () => {} });
  await using exchange = new FaultyExchange({ clock });
  const startedAt = Date.now();
  const intents = [0, 1, 2, 3].map((number) => intentOf(number));
  const [ours, theirs] = [intents.slice(0, 2), intents.slice(2)];
  const common = { url: exchange.url, folder, steps: null };
  const told: Told[] = [];
  let stops = 0;
  const first = await runProcess({ ...common, intents: ours, stopAt, aheadMs }, async () => {
    stops++;
    const second = await runProcess({ ...common, intents: theirs, stopAt: null, aheadMs });
    told.push(...second.told);
    aheadMs = STOPPED_FOR_MS;
  });
  told.push(...first.told);
  const last = await runProcess({ ...common, intents, stopAt: null, aheadMs });
  told.push(...last.told);
  const run = { folder, processes: 2, crashes: 0, startedAt, intents, told };
  return { stops, violations: await checkRun(run, exchange) };
}

/** Checks the orders of a history in which no halt and no fault was planned, and removes its record. */
async function checkRun(
  { folder, ...run }: Pick<History, "processes" | "crashes" | "startedAt" | "intents" | "told"> & {
    readonly folder: string;
  },
  exchange: FaultyExchange,
): Promise<Violation[]> {
  const store = SqliteRecord.open({ folder, mode: "write" });
  const count = run.intents.length;
  const policy = sealPolicy({
    mode: "auto",
    maxPerDay: { amount: String(count * 1_000), currency: "ZAR" },
    maxOpenOrders: count,
    maxOrdersPerMinute: count,
  });
  const calm = {
    shown: new Set<string>(),
    faults: 0,
    halts: 0,
    ended: 0,
    forbidden: [],
    left: [],
    stuck: [],
    errors: [],
  };
  const violations = checkHistory({ ...calm, ...run, policy, store }, exchange);
  store.close();
  await Deno.remove(folder, { recursive: true });
  return violations;
}

function intentOf(number: number): Intent {
  return {
    number,
    identity: "local",
    previewId: `killed-${number}`,
    key: `k${number}`,
    order: makeOrder("resting", number),
  };
}

/** @param whileStopped what happens while the process stands still */
async function runProcess(
  work: KilledWork,
  whileStopped: () => Promise<void> = async () => {},
): Promise<{ told: Told[]; isKilled: boolean }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--no-check",
      "--allow-net=127.0.0.1",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-sys=uid",
      "--allow-run",
      PROGRAM,
      JSON.stringify(work),
    ],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const told: Told[] = [];
  let isKilled = false;
  for await (const line of linesOf(child.stdout)) {
    const said = Line.parse(JSON.parse(line));
    if (said === KILL_ME) {
      child.kill("SIGKILL");
      isKilled = true;
    } else if (said === STOPPED) {
      await whileStopped();
      child.kill("SIGCONT");
    } else told.push(JSON.parse(line));
  }
  const { success } = await child.status;
  if (!success && !isKilled) throw new Error(`Cannot go on as the process failed: ${await errors}`);
  await errors;
  return { told, isKilled };
}
