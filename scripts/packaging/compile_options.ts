/** The options of `deno task compile`. */

import { TARGET_NAMES } from "./targets.ts";
import type { TargetName } from "./targets.ts";

/** Systems to compile for, by default only the current one, or what is wrong with the arguments. */
export type CompileOptions =
  | { readonly ok: true; readonly targets: "host" | readonly TargetName[] }
  | { readonly ok: false; readonly problem: string };

/** Reads `--target NAME` or `--target all`. */
export function readCompileOptions(args: readonly string[]): CompileOptions {
  if (args.length === 0) return { ok: true, targets: "host" };
  const words = args.flatMap((arg) =>
    arg.startsWith("--target=") ? ["--target", arg.slice("--target=".length)] : [arg]
  );
  const [flag, name, ...others] = words;
  const known = `one of ${TARGET_NAMES.join(", ")}, or all`;
  if (flag !== "--target" || name === undefined || others.length > 0) {
    return { ok: false, problem: `Cannot compile with ${args.join(" ")}: expected --target and ${known}` };
  }
  if (name === "all") return { ok: true, targets: TARGET_NAMES };
  const target = TARGET_NAMES.find((candidate) => candidate === name);
  if (target === undefined) return { ok: false, problem: `Cannot compile for ${name}: expected ${known}` };
  return { ok: true, targets: [target] };
}
