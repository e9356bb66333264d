/** The environment variables of all commands, and names that are probably misspellings of one. */

import { didYouMean } from "../text/nearest_word.ts";
import { editDistance } from "../text/edit_distance.ts";
import { COMMAND_SETTINGS } from "./command_settings.ts";
import type { Setting } from "./setting.ts";

/** Every variable that any command reads: all commands share an environment and its files. */
export const VARIABLES: ReadonlySet<string> = new Set(
  Object.values(COMMAND_SETTINGS).flatMap((table) => Object.values<Setting>(table).flatMap(({ env }) => env)),
);

/** Variables of Luno's Go server that have no meaning here, but occur in files that were made for it. */
const IGNORED: ReadonlySet<string> = new Set(["LUNO_API_DEBUG"]);

/** Prefixes that only our variables have in one of our files. */
const OWN = /^(LUNO|MCP)_/i;

/** The number of letters that may be mistyped in a name without a prefix, which may well belong to another program. */
const MAX_MISTYPED = 2;

/** Problems with the names in a file of variables; those of other programs are ignored. */
export function unknownVariables(names: readonly string[]): string[] {
  return names.filter(isMistaken).map((name) => `${name}: unknown variable${didYouMean(name, [...VARIABLES])}`);
}

function isMistaken(name: string): boolean {
  if (VARIABLES.has(name) || IGNORED.has(name)) return false;
  return OWN.test(name) ||
    [...VARIABLES].some((known) => !OWN.test(known) && editDistance(name.toUpperCase(), known) <= MAX_MISTYPED);
}

/**
 * Environment variables that are probably misspellings of ours. The environment is read only by name, never as a whole,
 * so the candidates are common typing errors: a letter omitted, doubled or swapped with the next, and a prefix
 * truncated or added.
 */
export function mistypedVariables(env: (name: string) => string | undefined): string[] {
  const problems: string[] = [];
  for (const known of VARIABLES) {
    if (!OWN.test(known)) continue;
    for (const name of slipsOf(known)) {
      if ((env(name) ?? "") === "" || VARIABLES.has(name)) continue;
      problems.push(`${name}: unknown variable, did you mean ${known}`);
    }
  }
  return problems;
}

function slipsOf(name: string): string[] {
  const prefix = name.indexOf("_") + 1; // When the prefix is misspelt, the name does not identify a variable of ours.
  const slips = [`${name.slice(0, prefix)}_${name.slice(prefix)}`];
  for (let at = prefix; at < name.length; at++) {
    const [before, letter, next, rest] = [name.slice(0, at), name.charAt(at), name.charAt(at + 1), name.slice(at + 2)];
    if (letter === next) continue; // The next variant repeats these candidates.
    slips.push(before + next + rest, before + letter + letter + next + rest);
    if (next !== "") slips.push(before + next + letter + rest);
  }
  // `MCP_TOKEN` is not reported for `LUNO_MCP_TOKEN`, as other programs have such a variable.
  if (name.startsWith("MCP_")) slips.push(`LUNO_${name}`, name.replace("MCP_", "LUNO_"));
  else slips.push(name.startsWith("LUNO_MCP_") ? name.replace("MCP_", "") : name.replace("LUNO_", "LUNO_MCP_"));
  return slips;
}
