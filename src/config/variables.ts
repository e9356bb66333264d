/** The environment variables of every command, and names that were meant to be one of them. */

import { didYouMean } from "../text/nearest_word.ts";
import { editDistance } from "../text/edit_distance.ts";
import { COMMAND_SETTINGS } from "./command_settings.ts";
import type { Setting } from "./setting.ts";

/** Every variable that some command reads: an environment and its files are shared by all of them. */
export const VARIABLES: ReadonlySet<string> = new Set(
  Object.values(COMMAND_SETTINGS).flatMap((table) => Object.values<Setting>(table).flatMap(({ env }) => env)),
);

/** Variables of Luno's Go server that have no meaning here, but stand in files that it was used with. */
const IGNORED: ReadonlySet<string> = new Set(["LUNO_API_DEBUG"]);

/** Prefixes that nobody else's variables have in a file of ours. */
const OWN = /^(LUNO|MCP)_/i;

/** How many letters may be mistyped in a name without a prefix, which may well be another program's. */
const MAX_MISTYPED = 2;

/** What is wrong with the names in a file of variables; those of other programs are left alone. */
export function unknownVariables(names: readonly string[]): string[] {
  return names.filter(isMistaken).map((name) => `${name}: unknown variable${didYouMean(name, [...VARIABLES])}`);
}

function isMistaken(name: string): boolean {
  if (VARIABLES.has(name) || IGNORED.has(name)) return false;
  return OWN.test(name) ||
    [...VARIABLES].some((known) => !OWN.test(known) && editDistance(name.toUpperCase(), known) <= MAX_MISTYPED);
}

/**
 * Variables of the environment that were meant to be ours. It is read by name only, never as a whole, so the names are
 * those that slips of the hand make: a letter left out, doubled or swapped with the next, and a prefix cut short or put
 * in front.
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
  const prefix = name.indexOf("_") + 1; // Where that is mistyped, the name is not known for one of ours.
  const slips = [`${name.slice(0, prefix)}_${name.slice(prefix)}`];
  for (let at = prefix; at < name.length; at++) {
    const [before, letter, next, rest] = [name.slice(0, at), name.charAt(at), name.charAt(at + 1), name.slice(at + 2)];
    if (letter === next) continue; // The next one makes the same slips.
    slips.push(before + next + rest, before + letter + letter + next + rest);
    if (next !== "") slips.push(before + next + letter + rest);
  }
  // `MCP_TOKEN` for `LUNO_MCP_TOKEN` is left out, as other programs have such a variable.
  if (name.startsWith("MCP_")) slips.push(`LUNO_${name}`, name.replace("MCP_", "LUNO_"));
  else slips.push(name.startsWith("LUNO_MCP_") ? name.replace("MCP_", "") : name.replace("LUNO_", "LUNO_MCP_"));
  return slips;
}
