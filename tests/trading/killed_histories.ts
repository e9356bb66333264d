/**
 * Histories of a real process on real time that is killed at a step of its journal or of its calls, started again on the
 * same record, and judged as all others are.
 */

import { fileURLToPath } from "node:url";
import { z } from "zod";
import { sealPolicy } from "../../src/trading/policy.ts";
import { TradingStore } from "../../src/trading/store.ts";
import { FaultyExchange } from "./faulty_exchange.ts";
import { Dice, makeOrder } from "./chance.ts";
import type { Intent, Told } from "./histories.ts";
import { judge, type Violation } from "./history_judge.ts";
import { KILL_ME, type KilledWork } from "./killed_process.ts";

/** Which histories to run. */
export interface KilledShare {
  readonly seed: number;
  /** For each history the step at which its process is killed first. */
  readonly steps: readonly number[];
}

/** What came of them. */
export interface KilledTally {
  readonly histories: number;
  readonly kills: number;
  readonly violations: readonly (Violation & { readonly history: number })[];
}

/** Steps that the placements of one process take about. */
export const MAX_STEPS = 14;

const PROGRAM = fileURLToPath(new URL("./killed_process.ts", import.meta.url));

/** What a line of the process says; its shape is checked where it is judged. */
const Line = z.union([z.literal(KILL_ME), z.object({ kind: z.literal("placement") }).loose()]);

/** Runs histories one after the other. */
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
  // Its clock is the real one, as the process's is.
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
    const run = await runProcess({ url: exchange.url, folder, intents, steps: limit });
    told.push(...run.told);
    kills += run.isKilled ? 1 : 0;
  }
  const store = TradingStore.open(folder, { now: Date.now });
  const policy = sealPolicy({
    mode: "auto",
    maxPerDay: { amount: "2000", currency: "ZAR" },
    maxOpenOrders: 2,
    maxOrdersPerMinute: 2,
  });
  const calm = { processes: 1, faults: 0, halts: 0, ended: 0, forbidden: [], left: [], errors: [] };
  const judged = { ...calm, startedAt, policy, intents, told, store, crashes: kills };
  const violations = judge(judged, exchange);
  store.close();
  await Deno.remove(folder, { recursive: true });
  return { kills, violations };
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

async function runProcess(work: KilledWork): Promise<{ told: Told[]; isKilled: boolean }> {
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
    if (said !== KILL_ME) told.push(JSON.parse(line));
    else {
      child.kill("SIGKILL");
      isKilled = true;
    }
  }
  const { success } = await child.status;
  if (!success && !isKilled) throw new Error(`Cannot go on as the process failed: ${await errors}`);
  await errors;
  return { told, isKilled };
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
