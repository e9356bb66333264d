/**
 * Proofs that take longer than tests: `orders` runs random histories of orders with faults and crashes, `cluster` those
 * of several servers on one database, `service` restarts such servers behind a balancer, `money` compares money
 * computations with integers. Exits with code 1 when anything was wrong.
 */

import { parseArgs } from "node:util";
import { proveMoney } from "../tests/trading/money_proof.ts";
import { proveCluster } from "./prove_cluster.ts";
import { proveOrders } from "./prove_orders.ts";
import { proveService } from "./prove_service.ts";

const [what, ...args] = Deno.args;
if (what === "orders") Deno.exit(await proveOrders(args));
if (what === "cluster") Deno.exit(await proveCluster(args));
if (what === "service") Deno.exit(await proveService(args));
if (what === "money") Deno.exit(await runMoney(args));
await say(
  "Expected: prove orders [--histories N] [--seed S] [--kills N], prove money [--count N] [--seed S], " +
    "prove cluster [--histories N] [--seed S] [--flaws], or prove service [--histories N] [--seed S] [--clients N] [--storm N]",
);
Deno.exit(2);

async function runMoney(args: readonly string[]): Promise<0 | 1> {
  const options = { count: { type: "string", default: "1000000" }, seed: { type: "string", default: "1" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const startedAt = performance.now();
  const { computations, differences } = proveMoney(Number(values.count), Number(values.seed));
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  await say(`${computations} computations, ${differences.length} differences, ${seconds} s`);
  return differences.length === 0 ? 0 : 1;
}

async function say(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(`${line}\n`));
}
