/** Checks whether the policy file is valid, and whether it limits anything. */

import { readPolicy, unlimitedTrading } from "../../server/read_policy.ts";
import { broken, NEEDS_CONFIGURATION, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "policy";

const POLICY_FIX = "write a policy file and name it by --policy to limit amounts (docs/trading.md)";

const WITHOUT = {
  confirm: "a person approves every order, whatever its amount",
  auto: "orders of any amount are placed",
} as const;

/** Checks the file of `--policy`. */
export async function checkPolicy({ loaded }: CheckContext): Promise<readonly CheckResult[]> {
  if (!loaded.ok) return [skipped(NAME, NEEDS_CONFIGURATION)];
  const { policy: path, trading } = loaded.config;
  if (trading === "off") return [skipped(NAME, "not used with --trading off")];
  // A missing policy with --trading auto is reported with the configuration's warnings.
  if (path === undefined) return [skipped(NAME, `none is set: ${WITHOUT[trading]}`, POLICY_FIX)];
  const problems: string[] = [];
  const file = await readPolicy(path, problems);
  if (file === undefined) {
    return problems.map((problem) =>
      broken(NAME, problem, "correct the file: luno-mcp-server policy check shows the same")
    );
  }
  const unlimited = unlimitedTrading(file, trading);
  if (unlimited !== undefined) return [warning(NAME, unlimited, "set max_per_order and max_per_day there")];
  return [ok(NAME, `${path} is valid: luno-mcp-server policy explain says what it allows`)];
}
