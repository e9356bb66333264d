/** Whether the policy file can be used, and whether it limits anything. */

import { readPolicy, unlimitedTrading } from "../../server/read_policy.ts";
import { broken, NEEDS_CONFIGURATION, ok, skipped, warning } from "./check.ts";
import type { CheckContext, CheckResult } from "./check.ts";

const NAME = "policy";

/** Reads the file that `--policy` names. */
export async function checkPolicy({ loaded }: CheckContext): Promise<readonly CheckResult[]> {
  if (!loaded.ok) return [skipped(NAME, NEEDS_CONFIGURATION)];
  const { policy: path, trading } = loaded.config;
  if (trading === "off") return [skipped(NAME, "not used with --trading off")];
  if (path === undefined) {
    return [
      warning(
        NAME,
        "none is set: no amount is limited",
        "write a policy file and name it by --policy (docs/trading.md)",
      ),
    ];
  }
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
