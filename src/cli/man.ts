/** `man`: prints the manual page in roff, derived from the tables of `--help`. */

import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import type { CommandName } from "../config/command_settings.ts";
import { SERVER_SETTINGS } from "../config/server_settings.ts";
import type { Setting } from "../config/setting.ts";
import { VERSION } from "../version.ts";
import type { CommandCall } from "./command_call.ts";
import { COMMANDS, flagsOf } from "./commands.ts";
import { flagRow, INTRODUCTION } from "./help.ts";
import { refuse } from "./report.ts";
import { print } from "../world.ts";
import type { ExitCode } from "../world.ts";

/** The meaning of each exit code, as in docs/output.md. */
export const EXIT_STATUS: Readonly<Record<ExitCode, string>> = {
  0: "success; an order was placed, or is no longer open after a cancellation",
  1: "the operation failed; doctor found something broken; status --running no server; " +
    "of client --mode multi: a client never connected, " +
    "or a limit was broken",
  2: "the command line or configuration is not valid; every problem is listed",
  3: "nothing was sent yet: a person has to approve the order",
  4: "it is not known what became of an order: look it up with get_order_status before you place another",
  5: "the order was not placed, not replaced, or could not be found to cancel it",
  69: "the listen address is not available",
};

/** Prints the page. */
export async function man(
  _flags: Readonly<Record<string, string>>,
  { world, problems, json }: CommandCall,
): Promise<ExitCode> {
  if (problems.length > 0) return await refuse(world, problems);
  await print(world.stdout, json ? JSON.stringify({ page: manualPage() }) : manualPage());
  return 0;
}

/** The page, for `man` on every system. */
export function manualPage(): string {
  const names = Object.keys(COMMANDS) as CommandName[];
  return [
    `.TH LUNO-MCP-SERVER 1 "" "luno-mcp-server ${VERSION}" "User Commands"`,
    ".SH NAME",
    `luno\\-mcp\\-server \\- ${roff("Luno's exchange for AI clients and scripts")}`,
    ".SH SYNOPSIS",
    ".B luno\\-mcp\\-server",
    ".RI [ command ]",
    ".RI [ options ]",
    ".SH DESCRIPTION",
    roff(`${INTRODUCTION} Without a command it serves clients, as serve does.`),
    ".SH COMMANDS",
    ...names.flatMap(commandLines),
    ".SH ENVIRONMENT",
    "Flags take precedence over variables. Each variable of a flag is listed with the flag; these have none.",
    ...[...variableRows(names)].flatMap(([term, help]) => entry(term, help)),
    ".SH EXIT STATUS",
    ...Object.entries(EXIT_STATUS).flatMap(([code, meaning]) => entry(code, meaning)),
  ].join("\n");
}

function commandLines(name: CommandName): string[] {
  const { usage, summary } = COMMANDS[name];
  const isLikeServe = name !== "serve" && COMMAND_SETTINGS[name] === SERVER_SETTINGS;
  const own = flagsOf(name).filter(({ reader }) => !isLikeServe || reader === undefined);
  return [
    `.SS ${roff(usage)}`,
    `${roff(summary)}.`,
    ...(isLikeServe ? ["It takes the options of serve, and:"] : []),
    ...own.map(flagRow).flatMap(([term, help]) => entry(term, help)),
  ];
}

/** Settings without a flag, each once. */
function variableRows(names: readonly CommandName[]): Map<string, string> {
  const settings = names.flatMap((name) => Object.values<Setting>(COMMAND_SETTINGS[name]));
  return new Map(settings.filter(({ flag }) => flag === undefined).map(({ env, help }) => [env.join(", "), help]));
}

function entry(term: string, text: string): string[] {
  return [".TP", `.B ${roff(term)}`, roff(text)];
}

/** Escapes text for roff: dashes stay copyable, and no line starts with a request. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq").replace(/^[.']/, "\\&$&");
}
