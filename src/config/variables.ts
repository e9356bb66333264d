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
 * Environment variables that are probably misspellings of ours. Other programs share the environment, so only common typing
 * errors count: a letter omitted, doubled or swapped with the next, and a prefix truncated or added.
 */
export function mistypedVariables(names: readonly string[]): string[] {
  return names.filter((name) => OWN.test(name) && !VARIABLES.has(name)).flatMap((name) => {
    const meant = [...VARIABLES].find((known) => OWN.test(known) && isMisspellingOf(known, name));
    return meant === undefined ? [] : [`${name}: unknown variable, did you mean ${meant}`];
  });
}

function isMisspellingOf(known: string, name: string): boolean {
  if (withOtherPrefixes(known).includes(name)) return true;
  let at = 0;
  while (at < known.length && name[at] === known[at]) at++;
  if (at <= known.indexOf("_")) return false; // When the prefix is misspelt, the name does not identify a variable of ours.
  const [typed, rest] = [name.slice(at), known.slice(at)];
  return typed === rest.slice(1) || typed === known.charAt(at - 1) + rest ||
    rest.length > 1 && typed === rest.charAt(1) + rest.charAt(0) + rest.slice(2);
}

/** `MCP_TOKEN` is not reported for `LUNO_MCP_TOKEN`, as other programs have such a variable. */
function withOtherPrefixes(name: string): string[] {
  if (name.startsWith("MCP_")) return [`LUNO_${name}`, name.replace("MCP_", "LUNO_")];
  return [name.startsWith("LUNO_MCP_") ? name.replace("MCP_", "") : name.replace("LUNO_", "LUNO_MCP_")];
}
