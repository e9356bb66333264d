/**
 * Runs three servers on one PostgreSQL and one Redis behind HAProxy: random histories while one part after another is
 * killed or frozen; then measures what clients notice of a rolling restart, and of a moment in which all of them are
 * disconnected. Exits with code 1 when anything was wrong, or a call failed after one retry.
 */

import { parseArgs } from "node:util";
import { print } from "../src/world.ts";
import { runServiceHistories } from "../tests/e2e/service_histories.ts";
import { measureReconnectStorm, measureRollingRestart } from "./service_figures.ts";
import type { InterruptionFigures } from "./service_figures.ts";

const OPTIONS = {
  histories: { type: "string", default: "20" },
  seed: { type: "string", default: "1" },
  /** Clients of the rolling restart; 0 skips it. */
  clients: { type: "string", default: "1000" },
  /** Clients that are disconnected at once; 0 skips it. */
  storm: { type: "string", default: "2000" },
} as const;

/** Runs what the arguments request; returns the exit code. */
export async function proveService(args: readonly string[]): Promise<0 | 1> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const [clients, storm] = [Number(values.clients), Number(values.storm)];
  const violations = await proveHistories(Number(values.histories), Number(values.seed));
  const failed = [
    ...clients > 0 ? [await tell("rolling restart", await measureRollingRestart(clients))] : [],
    ...storm > 0 ? [await tell("reconnect storm", await measureReconnectStorm(storm))] : [],
  ];
  return violations > 0 || failed.some((count) => count > 0) ? 1 : 0;
}

/** Runs histories and prints their results; returns the number of errors. */
async function proveHistories(count: number, seed: number): Promise<number> {
  if (count === 0) return 0;
  const startedAt = performance.now();
  const { calls, orders, trades, strikes, sessions, limit, violations } = await runServiceHistories(count, seed);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const struck = Object.entries(strikes).map(([strike, times]) => `${strike} ${times}`).join(", ");
  await print(
    Deno.stdout,
    `${count} histories, ${calls} calls, ${orders} orders, ${trades} trades read (${struck}), ${seconds} s`,
  );
  await print(
    Deno.stdout,
    `sessions: ${sessions.answered} calls answered, ${sessions.ended} sessions had ended; ` +
      `limit: ${limit.admitted} of at most ${limit.allowed} calls let through`,
  );
  for (const violation of violations) await print(Deno.stdout, violation);
  await print(Deno.stdout, `${violations.length} wrong`);
  return violations.length;
}

/** Prints figures; returns how many calls failed. */
async function tell(what: string, figures: InterruptionFigures): Promise<number> {
  const { clients, answered, retried, failed, gap, allBack, codes } = figures;
  const closed = Object.entries(codes).map(([code, count]) => `${code} × ${count}`).join(", ");
  const gaps = [gap.p50, gap.p99, gap.max].map((ms) => ms.toFixed(0)).join("/");
  await print(
    Deno.stdout,
    `${what}: ${clients} clients, ${answered} calls answered, ${retried} retried, ${failed} failed after one retry; ` +
      `gap p50/p99/max ${gaps} ms; all back ${allBack.toFixed(0)} ms later; closed with ${closed}`,
  );
  return failed;
}
