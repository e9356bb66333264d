/** Reads the command line: which command, with which flags and operands. Decides nothing about their values. */

import { Command, CommanderError, Option } from "commander";
import { SERVER_SETTINGS } from "../config/server_settings.ts";
import type { Setting, Settings } from "../config/setting.ts";
import { VERSION } from "../version.ts";
import { COMMANDS } from "./commands.ts";
import type { CommandEntry, CommandName } from "./commands.ts";
import { didYouMean } from "../text/nearest_word.ts";
import { wrap } from "./terminal/width.ts";

/** A command line that can be run. */
export interface Invocation {
  readonly command: CommandName;
  /** Settings by flag name without dashes, in text form. */
  readonly flags: Readonly<Record<string, string>>;
  readonly operands: readonly string[];
  /** `--json`: print JSON also on a terminal. */
  readonly json: boolean;
  /** `--wide`: print whole tables, wider than the terminal. */
  readonly wide: boolean;
  /** `client call TOOL --help`: explain the tool, which only the server knows. */
  readonly help?: true;
}

/** What a command line asks for; its problems are told together with those of the values. */
export type Arguments =
  | { kind: "run"; invocation: Invocation; problems: string[] }
  | { kind: "print"; text: string }
  /** `call TOOL --help`: the help of one tool. */
  | { kind: "tool help"; tool: string; json: boolean };

/** Help fits every terminal, and reads the same in files. */
const HELP_WIDTH = 80;

const WORDS = `\
  help [command]       print help; tools TOOL or call TOOL --help explains a tool
  version              print the version`;

const INTRODUCTION = "Luno's exchange for AI clients and scripts, over the Model Context Protocol.";

/** Reads a command line. */
export function readArguments(args: readonly string[]): Arguments {
  let printed = "";
  let command: CommandName = "serve";
  let operands: string[] = [];
  let options: Record<string, unknown> = {};
  const tool = toolToExplain(args);
  if (tool !== undefined) return { kind: "tool help", tool, json: args.includes("--json") };
  if (asksServerForHelp(args)) {
    const read = readArguments(inFlags(args).filter((word) => !HELP_FLAGS.includes(word)));
    return read.kind === "run" ? { ...read, invocation: { ...read.invocation, help: true } } : read;
  }
  const problems = checkHelpWord(args);
  if (problems.length > 0) {
    return { kind: "run", invocation: { command, flags: {}, operands, json: false, wide: false }, problems };
  }
  const program = buildProgram({
    refuse: (problem) => problems.push(problem),
    print: (text) => printed += text,
    choose(name, chosen) {
      command = name;
      operands = chosen.args;
      options = chosen.opts();
    },
  });
  try {
    program.parse(inFlags(args), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) {
      return { kind: "print", text: isVersion(error) && args.includes("--json") ? VERSION_JSON : printed.trimEnd() };
    }
    problems.push(error.message.replace(/^error: /, ""));
  }
  problems.push(...checkOperands(command, operands));
  const { json, wide, ...given } = options;
  const flags = textsOf(given, COMMANDS[command].settings, problems);
  return { kind: "run", invocation: { command, flags, operands, json: json === true, wide: wide === true }, problems };
}

const VERSION_JSON = JSON.stringify({ name: "luno-mcp-server", version: VERSION });

function isVersion({ code }: CommanderError): boolean {
  return code === "commander.version";
}

/** `help`, `help COMMAND` and `version` as the flags that they stand for. */
function inFlags(args: readonly string[]): readonly string[] {
  const [word, ...rest] = args;
  if (word === "version") return ["--version", ...rest];
  return word === "help" ? [...rest.filter((name) => name !== "help"), "--help"] : args;
}

/** The tool in `call TOOL --help`, `tools TOOL --help` or `help call TOOL`. */
function toolToExplain(args: readonly string[]): string | undefined {
  const words = inFlags(args);
  const [command, tool] = words;
  const isAsked = words.some((word) => HELP_FLAGS.includes(word));
  const isOfTool = (command === "call" || command === "tools") && tool !== undefined && !tool.startsWith("-");
  return isAsked && isOfTool ? tool : undefined;
}

/** Whether the help is asked of a tool that a server has: `client call TOOL --help`. */
function asksServerForHelp(args: readonly string[]): boolean {
  const words = inFlags(args);
  const tool = words[words.indexOf("call") + 1];
  const isCall = words[0] === "client" && words.includes("call") && tool !== undefined && !tool.startsWith("-");
  return isCall && words.some((word) => HELP_FLAGS.includes(word));
}

const HELP_FLAGS: readonly string[] = ["--help", "-h"];

function checkHelpWord([word, command = "help"]: readonly string[]): string[] {
  if (word !== "help" || command === "help" || command.startsWith("-") || Object.hasOwn(COMMANDS, command)) return [];
  return [`${command}: unknown command${didYouMean(command, Object.keys(COMMANDS))}`];
}

interface Listener {
  refuse(problem: string): void;
  print(text: string): void;
  choose(name: CommandName, command: Command): void;
}

function buildProgram(listener: Listener): Command {
  const program = new Command("luno-mcp-server")
    .description(INTRODUCTION)
    .version(VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help for a command")
    .helpCommand(false)
    .configureHelp({ minWidthToWrap: 20 })
    .configureOutput({
      writeOut: listener.print,
      writeErr: () => {},
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride();
  for (const [name, entry] of Object.entries(COMMANDS) as [CommandName, CommandEntry][]) {
    const command = program
      .command(entry.usage.split(" ")[0] ?? name, { isDefault: name === "serve" })
      .summary(entry.summary)
      .description(entry.summary)
      .usage(`${entry.usage.split(" ").slice(1).join(" ")} [flags]`.trim())
      .helpOption("-h, --help", "print this help")
      .configureHelp({ minWidthToWrap: 20 })
      .allowUnknownOption()
      .allowExcessArguments()
      .action((_options, action: Command) => listener.choose(name, action));
    command.option("--json", "print JSON, also on a terminal; errors too");
    if (entry.wide) command.option("--wide", "print every column of a table, however wide it is");
    for (const setting of Object.values(entry.settings)) addOption(command, setting, listener);
    command.addHelpText("after", environmentHelp(entry.settings));
  }
  const serve = program.commands.find((command) => command.name() === "serve");
  program.addHelpText(
    "after",
    () => `\n${WORDS}\n\nWithout a command:\n${serve?.helpInformation() ?? ""}${environmentHelp(SERVER_SETTINGS)}`,
  );
  return program;
}

function addOption(command: Command, setting: Setting, { refuse }: Listener): void {
  const { flag } = setting;
  if (flag === undefined) return;
  const notes = [
    ...(setting.env.length === 0 ? [] : [setting.env.join(", ")]),
    ...(setting.default === undefined ? [] : [`default ${setting.default}`]),
  ];
  const help = notes.length === 0 ? setting.help : `${setting.help} (${notes.join("; ")})`;
  if (setting.value === undefined) return void command.option(`--${flag}`, help);
  const option = new Option(`--${flag} <${setting.value}>`, help).argParser((text: string, before?: string) => {
    if (before !== undefined) {
      refuse(`--${flag}: expected once, given as ${JSON.stringify(before)} and ${JSON.stringify(text)}`);
    }
    return text;
  });
  // At a required value that is missing commander gives up, and the other problems stay untold.
  option.required = false;
  option.optional = true;
  command.addOption(option);
}

/** Where the help of variables begins. */
const ENVIRONMENT_WIDTH = 36;

/** Settings that have no flag. */
function environmentHelp(settings: Settings): string {
  const rows = Object.values<Setting>(settings).filter((setting) => setting.flag === undefined);
  if (rows.length === 0) return "";
  const lines = rows.map((setting) => {
    const [first, ...rest] = wrap(setting.help, HELP_WIDTH - ENVIRONMENT_WIDTH);
    const head = `  ${setting.env.join(", ")}`.padEnd(ENVIRONMENT_WIDTH) + first;
    return [head, ...rest.map((line) => " ".repeat(ENVIRONMENT_WIDTH) + line)].join("\n");
  });
  return `\nEnvironment only:\n${lines.join("\n")}\n`;
}

/** What is left over when the known flags are taken: operands, and flags that nobody knows. */
function checkOperands(command: CommandName, left: readonly string[]): string[] {
  const entry = COMMANDS[command];
  const unknown = left.filter((word) => word.startsWith("-"));
  const operands = left.filter((word, index) => !word.startsWith("-") && !/^-[^=]*$/.test(left[index - 1] ?? ""));
  const { min, max } = entry.operands ?? { min: 0, max: 0 };
  const problems = unknown.map((word) => describeUnknownFlag(word, entry.settings));
  if (operands.length < min && unknown.length === 0) problems.push(`${command}: expected ${entry.usage}`);
  if (entry.word !== undefined && operands[0] !== undefined && operands[0] !== entry.word) {
    problems.push(`${operands[0]}: expected ${entry.usage}`);
  }
  for (const operand of operands.slice(max)) problems.push(describeUnexpected(operand, command));
  return problems;
}

function describeUnknownFlag(word: string, settings: Settings): string {
  const name = word.replace(/=.*$/s, "");
  const flags = Object.values<Setting>(settings).flatMap((setting) =>
    setting.flag === undefined ? [] : [`--${setting.flag}`]
  );
  return `${name}: unknown flag${didYouMean(name, flags)}`;
}

function describeUnexpected(operand: string, command: CommandName): string {
  if (command !== "serve") return `${operand}: unexpected argument`;
  const names = Object.keys(COMMANDS);
  return names.includes(operand)
    ? `${operand}: expected the command before its flags`
    : `${operand}: unknown command${didYouMean(operand, names)}`;
}

/** Commander names options in camel case, settings go by their flags; it gives `true` for a switch and a missing value. */
function textsOf(options: Record<string, unknown>, settings: Settings, problems: string[]): Record<string, string> {
  const flags: Record<string, string> = {};
  for (const [name, value] of Object.entries(options)) {
    const flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const isSwitch = Object.values(settings).some((setting) => setting.flag === flag && setting.value === undefined);
    if (typeof value === "string" || isSwitch) flags[flag] = String(value);
    else problems.push(`--${flag}: expected a value`);
  }
  return flags;
}
