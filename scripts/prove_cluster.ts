/**
 * Runs random histories of three servers on one PostgreSQL while servers and database are killed or stand still; ends with
 * code 1 when an order was doubled, lost or misreported.
 */

import { parseArgs } from "node:util";
import { print } from "../src/world.ts";
import { runClusterHistories } from "../tests/e2e/cluster_histories.ts";

const OPTIONS = { histories: { type: "string", default: "20" }, seed: { type: "string", default: "1" } } as const;

/** Runs what the arguments ask for; answers the exit code. */
export async function proveCluster(args: readonly string[]): Promise<0 | 1> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const startedAt = performance.now();
  const { histories, calls, orders, strikes, violations } = await runClusterHistories(
    Number(values.histories),
    Number(values.seed),
  );
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const struck = Object.entries(strikes).map(([strike, count]) => `${strike} ${count}`).join(", ");
  await print(Deno.stdout, `${histories} histories, ${calls} calls, ${orders} orders (${struck}), ${seconds} s`);
  for (const violation of violations) await print(Deno.stdout, violation);
  await print(Deno.stdout, `${violations.length} wrong`);
  return violations.length === 0 ? 0 : 1;
}
