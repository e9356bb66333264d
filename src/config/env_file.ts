/** Files of `NAME=value` lines. */

import { parseEnv } from "node:util";
import { unknownVariables, VARIABLES } from "./variables.ts";

/** The variables of a file, and every problem with it; a problem quotes no value, as it may be a secret. */
export interface EnvFile {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly string[];
}

/** Parses the text of a file: comments, `export`, and values in quotes, also over several lines. */
export function parseEnvFile(text: string): EnvFile {
  const content = text.replaceAll(/\r\n?/g, "\n");
  const names: string[] = [];
  const problems: string[] = [];
  let at = 0;
  while (at < content.length) {
    ENTRY.lastIndex = at;
    const entry = ENTRY.exec(content);
    if (entry === null) {
      const end = content.indexOf("\n", at);
      const line = content.slice(at, end === -1 ? undefined : end);
      problems.push(`line ${content.slice(0, at).split("\n").length}: ${lineProblem(line)}`);
      at += line.length + 1;
    } else {
      if (entry.groups?.name !== undefined) names.push(entry.groups.name);
      at += entry[0].length;
    }
  }
  const twice = [...VARIABLES].filter((known) => names.filter((name) => name === known).length > 1);
  problems.push(
    ...twice.map((name) => `${name}: expected once: it is repeated`),
    ...unknownVariables([...new Set(names)]),
  );
  return { values: parseEnv(content) as Record<string, string>, problems };
}

/** A blank line, a comment, or one variable with its value. */
const ENTRY =
  /[ \t]*(?:#[^\n]*|(?:export[ \t]+)?(?<name>[A-Za-z_][\w.-]*)[ \t]*=[ \t]*(?:(?<quote>["'`])[\s\S]*?\k<quote>[ \t]*(?:#[^\n]*)?|(?!["'`])[^\n]*))?(?:\n|$)/y;

function lineProblem(line: string): string {
  const name = /^\s*(?:export\s+)?([A-Za-z_]\w*)/.exec(line)?.[1] ?? "";
  const shown = VARIABLES.has(name) ? name : "NAME";
  if (/^\s*(?:export\s+)?[\w.-]+\s*=/.test(line)) {
    return `${shown}: expected a closing quotation mark, and nothing but a comment behind it`;
  }
  return `expected ${shown}=value${/^\s*\w+\s*:/.test(line) ? ", with an equals sign instead of the colon" : ""}`;
}
