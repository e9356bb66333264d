/**
 * `completions`: prints a script for completing the program's words in a shell, derived from the same tables as
 * `--help`.
 */

import type { CommandCall } from "./command_call.ts";
import { bashScript } from "./completions/bash.ts";
import { completionTable } from "./completions/completion_table.ts";
import type { CompletionTable } from "./completions/completion_table.ts";
import { fishScript } from "./completions/fish.ts";
import { powershellScript } from "./completions/powershell.ts";
import { zshScript } from "./completions/zsh.ts";
import { refuse } from "./report.ts";
import { listWords } from "../text/list_words.ts";
import { print } from "../world.ts";
import type { ExitCode } from "../world.ts";

/** The script of each shell. */
export const SHELLS: Readonly<Record<string, (table: CompletionTable) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

/** Prints the script for the shell in the operand. Completing never starts the program. */
export async function completions(
  _flags: Readonly<Record<string, string>>,
  { world, problems, operands: [shell], json }: CommandCall,
): Promise<ExitCode> {
  const scriptOf = shell !== undefined && Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  const unknown = shell === undefined || scriptOf !== undefined
    ? []
    : [`${shell}: expected ${listWords(Object.keys(SHELLS))}`];
  if (scriptOf === undefined || problems.length > 0) return await refuse(world, [...problems, ...unknown]);
  const script = scriptOf(completionTable());
  await print(world.stdout, json ? JSON.stringify({ shell, script }) : script.trimEnd());
  return 0;
}
