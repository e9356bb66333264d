/** The output of `--help`, derived from the tables of commands and settings. */

import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import type { CommandName } from "../config/command_settings.ts";
import type { Setting } from "../config/setting.ts";
import { COMMANDS, flagsOf } from "./commands.ts";
import type { Flag } from "./commands.ts";
import { wrap, wrapText } from "./terminal/width.ts";

/** Where the terminal is wider, and in files. */
const HELP_WIDTH = 80;

/** Narrower terminals break the lines themselves. */
const LEAST_WIDTH = 40;

/** The least room for a help text beside its term; in a narrower terminal it stands below. */
const LEAST_HELP = 24;

/** The column at which the help of variables begins. */
const ENVIRONMENT_WIDTH = 36;

/** One sentence about the program. */
export const INTRODUCTION = "Luno's exchange for AI clients and scripts, over the Model Context Protocol.";

/** A term and its help. */
export type Row = readonly [term: string, help: string];

/** The width of help on a terminal with so many columns. */
export function helpWidth(columns = HELP_WIDTH): number {
  return Math.min(HELP_WIDTH, Math.max(LEAST_WIDTH, columns));
}

/** The help of the program: its commands, and the flags of `serve`, the default command. */
export function programHelp(width = HELP_WIDTH): string {
  const rows = rowsOf(width);
  const commands = Object.entries(COMMANDS).map(([name, { summary }]): Row => [`${name} [options]`, summary]);
  const column = columnOf(commands);
  return [
    usage("[options] [command]", width),
    wrap(INTRODUCTION, width).join("\n"),
    `Options:\n${rows([["-v, --version", "print the version"], ["-h, --help", "print help for a command"]], column)}`,
    `Commands:\n${rows(commands, column)}`,
    rows([
      ["help [command]", "print help; tools TOOL or call TOOL --help explains a tool"],
      ["version", "print the version"],
    ], column),
    `Without a command:\n${commandHelp("serve", width)}`,
  ].join("\n\n");
}

/** The help of one command: its usage, its flags, and the settings that only a variable can give. */
export function commandHelp(name: CommandName, width = HELP_WIDTH): string {
  const rows = rowsOf(width);
  const entry = COMMANDS[name];
  const flags = [...flagsOf(name).map(flagRow), ["-h, --help", "print this help"] as const];
  const variables = variableRows(name);
  return [
    usage(`${entry.usage} [flags]`, width),
    wrap(entry.summary, width).join("\n"),
    `Options:\n${rows(flags, columnOf(flags))}`,
    ...(variables.length === 0 ? [] : [`Environment only:\n${rows(variables, ENVIRONMENT_WIDTH)}`]),
  ].join("\n\n");
}

/** A flag with its placeholder, and its help with variables and default. */
export function flagRow({ flag, value, help, env, default: preset }: Flag): Row {
  const notes = [...(env.length === 0 ? [] : [env.join(", ")]), ...(preset === undefined ? [] : [`default ${preset}`])];
  const term = value === undefined ? `--${flag}` : `--${flag} <${value}>`;
  return [term, notes.length === 0 ? help : `${help} (${notes.join("; ")})`];
}

function variableRows(name: CommandName): Row[] {
  return Object.values<Setting>(COMMAND_SETTINGS[name]).filter(({ flag }) => flag === undefined)
    .map(({ env, help }) => [env.join(", "), help]);
}

function columnOf(list: readonly Row[]): number {
  return Math.max(...list.map(([term]) => term.length)) + 4;
}

function usage(words: string, width: number): string {
  return wrapText(`Usage: luno-mcp-server ${words}`, { width, indent: 4 });
}

/** Terms on the left, their help from `column` on; below them where that leaves too little room. */
function rowsOf(width: number): (list: readonly Row[], column: number) => string {
  return (list, column) =>
    list.flatMap(([term, help]) => {
      if (width - column < LEAST_HELP) {
        return [
          ...wrap(term, width - 2).map((line) => `  ${line}`),
          ...wrap(help, width - 6).map((line) => `      ${line}`),
        ];
      }
      const [first, ...rest] = wrap(help, width - column);
      return [`  ${term}`.padEnd(column) + first, ...rest.map((line) => " ".repeat(column) + line)];
    }).join("\n");
}
