/** Parses the command line: the command, its flags and operands. Does not validate values. */

import { didYouMean } from "../text/nearest_word.ts";
import { VERSION } from "../version.ts";
import { hideSecrets, quoteTyped } from "../config/typed_text.ts";
import { asksForSample, COMMANDS, flagsOf } from "./commands.ts";
import type { CommandName } from "../config/command_settings.ts";

/** A command line that can be run. */
export interface Invocation {
  readonly command: CommandName;
  /** Settings by flag name without dashes, in text form. */
  readonly flags: Readonly<Record<string, string>>;
  readonly operands: readonly string[];
  /** `--json`: print JSON on a terminal too. */
  readonly json: boolean;
  /** `--wide`: print whole tables, wider than the terminal. */
  readonly wide: boolean;
  /** `client call TOOL --help`: show the tool's help, which only the server has. */
  readonly help?: true;
}

/** What a command line asks for; its problems are reported together with those of the values. */
export type Arguments =
  | { kind: "run"; invocation: Invocation; problems: string[] }
  | { kind: "print"; text: string }
  /** `--help` of a command, or of the program. */
  | { kind: "help"; command?: CommandName }
  /** `call TOOL --help`: the help of one tool. */
  | { kind: "tool help"; tool: string; json: boolean };

/** Parses a command line. Everything after `--` is an operand. */
export function readArguments(args: readonly string[]): Arguments {
  const mistyped = checkHelpWord(args);
  if (mistyped !== undefined) return run("serve", [], { problems: [mistyped] });
  const words = asFlags(args);
  const { command, isNamed, rest } = chooseCommand(words);
  const asked = new Set(words.includes("--") ? words.slice(0, words.indexOf("--")) : words);
  const isHelp = HELP_FLAGS.some((flag) => asked.has(flag));
  const tool = isHelp ? toolNamed(command, rest) : undefined;
  if (tool !== undefined && command !== "client") return { kind: "tool help", tool, json: asked.has("--json") };
  if (tool !== undefined) return run(command, rest.filter((word) => !HELP_FLAGS.includes(word)), { help: true });
  if (VERSION_FLAGS.some((flag) => asked.has(flag))) {
    return { kind: "print", text: asked.has("--json") ? VERSION_JSON : VERSION };
  }
  if (isHelp) return isNamed ? { kind: "help", command } : { kind: "help" };
  return run(command, rest);
}

const HELP_FLAGS: readonly string[] = ["--help", "-h"];

const VERSION_FLAGS: readonly string[] = ["--version", "-v"];

const VERSION_JSON = JSON.stringify({ name: "luno-mcp-server", version: VERSION });

function checkHelpWord([word, command = "help"]: readonly string[]): string | undefined {
  if (word !== "help" || command === "help" || command.startsWith("-") || isCommand(command)) return undefined;
  return unknownCommand(command);
}

function unknownCommand(word: string): string {
  return `${word}: unknown command${didYouMean(word, [...Object.keys(COMMANDS), "help", "version"])}`;
}

function isCommand(word: string | undefined): word is CommandName {
  return word !== undefined && Object.hasOwn(COMMANDS, word);
}

/** Rewrites `help`, `help COMMAND` and `version` as the corresponding flags. */
function asFlags(args: readonly string[]): readonly string[] {
  const [word, ...rest] = args;
  if (word === "version") return ["--version", ...rest];
  return word === "help" ? [...rest.filter((name) => name !== "help"), "--help"] : args;
}

/** The command comes before its flags; the default is `serve`. */
function chooseCommand(
  words: readonly string[],
): { command: CommandName; isNamed: boolean; rest: readonly string[] } {
  const at = words[0] === "--" ? 1 : 0;
  const name = words[at];
  if (!isCommand(name)) return { command: "serve", isNamed: false, rest: words };
  return { command: name, isNamed: true, rest: words.toSpliced(at, 1) };
}

/** The tool in `call TOOL`, `tools TOOL` or `client call TOOL`. */
function toolNamed(command: CommandName, rest: readonly string[]): string | undefined {
  const isKnownHere = command === "call" || command === "tools";
  if (!isKnownHere && !(command === "client" && rest.includes("call"))) return undefined;
  const tool = isKnownHere ? rest[0] : rest[rest.indexOf("call") + 1];
  return tool?.startsWith("-") ? undefined : tool;
}

function run(
  command: CommandName,
  words: readonly string[],
  { help, problems = [] }: { help?: true; problems?: string[] } = {},
): Arguments {
  const read = readWords(command, words);
  const { json, wide, ...flags } = read.flags;
  return {
    kind: "run",
    invocation: {
      command,
      flags,
      operands: read.operands,
      json: json !== undefined,
      wide: wide !== undefined,
      ...(help === undefined ? {} : { help }),
    },
    problems: [...problems, ...read.problems, ...(problems.length > 0 ? [] : checkOperands(command, read))],
  };
}

/** The parts of a command line. */
interface Words {
  /** By name without dashes. */
  readonly flags: Record<string, string>;
  readonly operands: string[];
  /** Whether a flag was unknown, so that the word after it may be its value or an operand. */
  hasUnknown: boolean;
  readonly problems: string[];
}

function readWords(command: CommandName, words: readonly string[]): Words {
  const known = new Map(flagsOf(command).map((flag) => [`--${flag.flag}`, flag]));
  const read: Words = { flags: {}, operands: [], hasUnknown: false, problems: [] };
  const left = [...words];
  for (let word = left.shift(); word !== undefined; word = left.shift()) {
    if (word === "--") read.operands.push(...left.splice(0));
    else if (!word.startsWith("-")) read.operands.push(word);
    else {
      const [name, joined] = splitAtSign(word);
      const flag = known.get(name);
      if (flag?.value !== undefined) {
        takeValue(read, flag.flag, joined ?? (isValue(left[0]) ? left.shift() : undefined));
      } else if (flag !== undefined) takeSwitch(read, flag.flag, joined);
      else {
        read.hasUnknown = true;
        read.problems.push(`${name}: unknown flag${hintOf(command, name, [...known.keys(), ...EVERYWHERE])}`);
        if (joined === undefined && left[0]?.startsWith("-") === false) left.shift();
      }
    }
  }
  return read;
}

/** The flags of every command. */
const EVERYWHERE: readonly string[] = ["--help", "--version"];

/** `setup` takes the server's flags too, as part of the entry that it writes; arguments of tools are not flags. */
function hintOf(command: CommandName, name: string, known: readonly string[]): string {
  const nearest = didYouMean(name, known);
  if (command === "call" && nearest === "" && /^--[a-z][\w-]*$/i.test(name)) {
    return `: arguments of tools have no dashes, as in ${name.slice(2).replaceAll("-", "_")}=VALUE`;
  }
  const isServerFlag = flagsOf("serve").some(({ flag }) => `--${flag}` === name);
  if (command === "setup" && isServerFlag) return ` of setup: flags of the server follow behind --, as in -- ${name}`;
  return nearest;
}

/** Splits `--flag=value`. */
function splitAtSign(word: string): [name: string, value: string | undefined] {
  const at = word.indexOf("=");
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

/** A value may begin with a dash when it is a negative number, or only a dash. */
function isValue(word: string | undefined): boolean {
  return word !== undefined && (!word.startsWith("-") || /^-((\d+|\d*\.\d+)(e[+-]?\d+)?)?$/.test(word));
}

function takeValue({ flags, problems }: Words, flag: string, value: string | undefined): void {
  const before = flags[flag];
  if (value === undefined) problems.push(`--${flag}: expected a value`);
  else flags[flag] = value;
  if (value !== undefined && before !== undefined) {
    problems.push(`--${flag}: expected once, given as ${quoteTyped(before)} and ${quoteTyped(value)}`);
  }
}

function takeSwitch({ flags, problems }: Words, flag: string, value: string | undefined): void {
  if (value === undefined) flags[flag] = "true";
  else problems.push(`--${flag}: expected no value, given as ${quoteTyped(value)}`);
}

function checkOperands(command: CommandName, { operands, hasUnknown }: Words): string[] {
  const { usage, word, sample, operands: { min, max } = { min: 0, max: 0 } } = COMMANDS[command];
  const [first] = operands;
  if (asksForSample(command, operands)) {
    return operands.length === 2 || hasUnknown ? [] : [`${command}: expected ${command} init with one path`];
  }
  const problems = operands.length < min && !hasUnknown ? [`${command}: expected ${usage}`] : [];
  if (word !== undefined && first !== undefined && first !== word) {
    problems.push(`${hideSecrets(first)}: expected ${usage}${didYouMean(first, [word, ...(sample ? ["init"] : [])])}`);
  }
  // Words after an unknown command belong to that command.
  if (command === "serve" && operands.length > 0) return [...problems, describeUnexpected(operands[0] ?? "", command)];
  return [...problems, ...operands.slice(max).map((operand) => describeUnexpected(operand, command))];
}

function describeUnexpected(typed: string, command: CommandName): string {
  const operand = hideSecrets(typed);
  if (command !== "serve") return `${operand}: unexpected argument`;
  return isCommand(operand) ? `${operand}: expected the command before its flags` : unknownCommand(operand);
}
