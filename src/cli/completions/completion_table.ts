/**
 * What shells complete, from the tables of commands and settings and the tools' listing; the scripts differ only in
 * syntax.
 */

import { CLIENT_NAMES } from "../../client_configs/clients.ts";
import type { CommandName } from "../../config/command_settings.ts";
import { listingOf } from "../../protocol/listing.ts";
import type { ArgumentSchema } from "../../tools/argument_problems.ts";
import { COMMANDS, flagsOf } from "../commands.ts";
import type { Flag } from "../commands.ts";

/** The value of a flag: one of some words, several of them separated by commas, a path, or unknown. */
export type Value =
  | { readonly kind: "words"; readonly words: readonly string[]; readonly isList: boolean }
  | { readonly kind: "file" | "folder" | "text" };

/** A flag with its dashes; without a `value` it is a switch. */
export interface CompletedFlag {
  readonly name: string;
  readonly help: string;
  readonly value?: Value;
}

/** An operand: one of some words (empty when unknown), a tool, or arguments of the preceding tool. */
export type Operand = readonly string[] | "tool" | "arguments";

/** A command with everything that may follow it. */
export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  readonly operands: readonly Operand[];
}

/** A tool; its arguments are words such as `pair=`, or `side=BUY` for enumerated values. */
export interface CompletedTool {
  readonly name: string;
  readonly title: string;
  readonly words: readonly string[];
}

/** Everything that a script contains. The flags of `serve` are also valid without a command. */
export interface CompletionTable {
  readonly commands: readonly CompletedCommand[];
  readonly tools: readonly CompletedTool[];
}

/** The table of this version. */
export function completionTable(): CompletionTable {
  const names = Object.keys(COMMANDS) as CommandName[];
  const commands = names.map((name): CompletedCommand => ({
    name,
    summary: COMMANDS[name].summary,
    flags: [...flagsOf(name).map(completedFlag), HELP],
    operands: operandsOf(name),
  }));
  const help = { name: "help", summary: "print help", flags: [], operands: [names] };
  const version = { name: "version", summary: "print the version", flags: [JSON_FLAG], operands: [] };
  const listing = listingOf(["market", "account", "trading", "server"]);
  return {
    commands: [...commands, help, version],
    tools: listing.map(({ tool: { name, title = "", inputSchema: { properties = {} } } }) => ({
      name,
      title,
      words: Object.entries(properties as Record<string, ArgumentSchema>).flatMap(argumentWords),
    })),
  };
}

const HELP: CompletedFlag = { name: "--help", help: "print help" };

const JSON_FLAG: CompletedFlag = { name: "--json", help: "print JSON" };

function completedFlag({ flag, value, help, reader }: Flag): CompletedFlag {
  const name = `--${flag}`;
  if (value === undefined) return { name, help };
  if (reader?.choices !== undefined) return { name, help, value: { kind: "words", ...reader.choices } };
  return { name, help, value: { kind: value === "path" ? "file" : value === "folder" ? "folder" : "text" } };
}

/** The operands in a command's usage: `keys <create|list> [name]`. */
function operandsOf(name: CommandName): Operand[] {
  const { usage, word } = COMMANDS[name];
  return usage.split(" ").slice(1).map((text) => text.replaceAll(/[<>[\]]/g, "")).map((operand) => {
    if (operand.startsWith("name=value")) return "arguments";
    if (operand === "tool") return operand;
    if (name === "setup" && operand === "client") return CLIENT_NAMES;
    return operand.includes("|") || operand === word ? operand.split("|") : [];
  });
}

function argumentWords([name, { enum: words, type }]: [string, ArgumentSchema]): string[] {
  const values = words ?? (type === "boolean" ? [true, false] : [""]);
  return values.map((value) => `${name}=${value}`);
}
