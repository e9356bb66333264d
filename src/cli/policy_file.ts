import { readOwn } from "../config/files.ts";
import { parsePolicyFile, PolicyFile } from "../trading/policy_file.ts";

/** Reads the policy file that `--policy` names, or what holds without one; `undefined` where it cannot be used. */
export async function readPolicy(path: string | undefined, problems: string[]): Promise<PolicyFile | undefined> {
  if (path === undefined) return new PolicyFile();
  const text = await readOwn("--policy", path, problems);
  if (text === undefined) return undefined;
  const parsed = parsePolicyFile(text);
  if (parsed.ok) return parsed.file;
  problems.push(...parsed.problems.map((problem) => `--policy: ${problem}`));
  return undefined;
}
