/** Reads the arguments with which a client will start the server, as the server will. */

import { resolve } from "node:path";
import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import { parseSettings } from "../config/parse.ts";
import { hideSecrets } from "../config/typed_text.ts";
import { readArguments } from "./arguments.ts";
import { flagsOf } from "./commands.ts";

/** The placeholders of paths in the tables of settings. */
const PATHS: readonly (string | undefined)[] = ["path", "folder"];

/** Validates the words and makes their paths absolute, as a client starts the server in another working folder. */
export function readServerWords(words: readonly string[]): { args: readonly string[]; problems: readonly string[] } {
  const read = readArguments(words);
  if (read.kind !== "run") {
    return { args: [], problems: [`${hideSecrets(words.join(" "))}: expected arguments of the server`] };
  }
  const { command, flags } = read.invocation;
  if (command !== "serve" && command !== "bridge") {
    return { args: [], problems: [`${command}: expected arguments of the server, or bridge with an address`] };
  }
  const parsed = parseSettings(COMMAND_SETTINGS[command], { flags, env: () => undefined });
  const paths = flagsOf(command).filter(({ value }) => PATHS.includes(value)).map(({ flag }) => `--${flag}`);
  const transport = "transport" in parsed.values ? transportProblems(parsed.values.transport) : [];
  const args = words.map((word, index) => {
    if (paths.includes(words[index - 1] ?? "")) return resolve(word);
    const [, flag = "", path = ""] = /^(--[^=]+)=(.+)$/.exec(word) ?? [];
    return paths.includes(flag) ? `${flag}=${resolve(path)}` : word;
  });
  return { args, problems: [...read.problems, ...(parsed.ok ? [] : parsed.problems), ...transport] };
}

function transportProblems(transport: string | undefined): string[] {
  if (transport === undefined || transport === "stdio") return [];
  const value = JSON.stringify(transport);
  return [`--transport: expected stdio, on which the client waits for the server: current value is ${value}`];
}
