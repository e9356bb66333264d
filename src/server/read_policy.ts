import { readOwn } from "../config/files.ts";
import { parsePolicyFile, PolicyFile } from "../trading/policy/policy_file.ts";
import type { TradingBound } from "../trading/policy/policy_file.ts";

/** Reads the policy file of `--policy`, or returns the built-in policy; `undefined` when the file cannot be used. */
export async function readPolicy(path: string | undefined, problems: string[]): Promise<PolicyFile | undefined> {
  if (path === undefined) return new PolicyFile();
  const text = await readOwn("--policy", path, problems);
  if (text === undefined) return undefined;
  const parsed = parsePolicyFile(text);
  if (parsed.ok) return parsed.file;
  problems.push(...parsed.problems.map((problem) => `--policy: ${problem}`));
  return undefined;
}

/** A warning about identities that may place orders of any amount without approval; `undefined` when there are none. */
export function unlimitedTrading(file: PolicyFile, bound: TradingBound): string | undefined {
  const name = file.version === undefined ? "--policy" : `version ${file.version} of the published policy`;
  const unlimited = ["everybody else", "local", ...file.identities].filter((identity) => {
    const { mode, maxPerOrder, maxPerDay } = file.policyOf(identity, bound);
    return mode === "auto" && maxPerOrder === undefined && maxPerDay === undefined;
  });
  if (unlimited.length === 0) return undefined;
  const more = unlimited.length > MAX_NAMED ? ` and ${unlimited.length - MAX_NAMED} more` : "";
  return `${name} sets neither max_per_order nor max_per_day for ${unlimited.slice(0, MAX_NAMED).join(", ")}${more}: ` +
    "their orders are placed without a person's approval, whatever their amount";
}

/** The most names in one warning. */
const MAX_NAMED = 5;
