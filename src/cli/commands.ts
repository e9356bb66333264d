/** The table of commands, and what each takes. */

import { COMMAND_SETTINGS } from "../config/command_settings.ts";
import type { CommandName } from "../config/command_settings.ts";
import type { Setting } from "../config/setting.ts";

/** One command. */
export interface CommandEntry {
  readonly usage: string;
  readonly summary: string;
  /** Whether `--wide` makes it print whole tables on a narrow terminal. */
  readonly wide?: true;
  /** The number of operands that it takes. */
  readonly operands?: { readonly min: number; readonly max: number };
  /** The word that must follow, when only one is possible. */
  readonly word?: string;
  /** Whether `init PATH` writes a sample of its file. */
  readonly sample?: true;
}

/** Tells whether a command line asks for a sample file. */
export function asksForSample(command: CommandName, [word]: readonly string[]): boolean {
  return COMMANDS[command].sample === true && word === "init";
}

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<CommandName, CommandEntry>> = {
  serve: { usage: "serve", summary: "serve clients (the default command)" },
  tools: {
    usage: "tools [tool]",
    summary: "list the tools with their scopes and token costs, or explain one",
    operands: { min: 0, max: 1 },
    wide: true,
  },
  call: {
    usage: "call <tool> [name=value...]",
    summary: "run one tool and print its result",
    wide: true,
    operands: { min: 1, max: 50 },
  },
  config: {
    usage: "config <print|init path>",
    summary: "print every setting with its value and source, or write a sample of a file of settings",
    sample: true,
    wide: true,
    operands: { min: 1, max: 1 },
    word: "print",
  },
  doctor: {
    usage: "doctor",
    summary: "check the set-up: settings, exchange, certificates, state and clients, with a fix for each failure",
  },
  client: {
    usage: "client [call <tool> [name=value...]]",
    summary: "explore a server, call a tool, watch prices, or simulate many clients",
    wide: true,
    operands: { min: 0, max: 50 },
    word: "call",
  },
  bridge: {
    usage: "bridge <ws address>",
    summary: "connect a stdio client to a remote server; reconnects when the connection drops",
    operands: { min: 1, max: 1 },
  },
  policy: {
    usage: "policy <check|explain|publish|rollback|show|versions|init> [argument]",
    summary: "validate a policy file, explain what one client may do, publish it to all servers (publish " +
      "path, rollback version, show, versions), or write a sample (init path)",
    sample: true,
    operands: { min: 0, max: 2 },
  },
  access: {
    usage: "access <publish|rollback|show|versions|init> [argument]",
    summary:
      "publish a file of identities, with their scopes and limits, to all servers on a database (publish path, " +
      "rollback version, show, versions), or write a sample (init path)",
    operands: { min: 0, max: 2 },
    sample: true,
  },
  approve: {
    usage: "approve [id]",
    summary: "list, approve or decline orders that wait for approval",
    operands: { min: 0, max: 1 },
  },
  status: {
    usage: "status",
    summary: "show the servers of a state folder and the state of trading",
  },
  sessions: {
    usage: "sessions [list|end] [id]",
    summary: "list the sessions of all servers that share them, or end one, or with --identity all of one identity",
    wide: true,
    operands: { min: 0, max: 2 },
  },
  kill: {
    usage: "kill",
    summary: "halt trading at once; --status shows it, --lift resumes trading",
  },
  resume: {
    usage: "resume",
    summary: "resume trading after a halt, as kill --lift does",
  },
  reload: {
    usage: "reload",
    summary: "have running servers read their policy, access and certificate files again",
  },
  audit: {
    usage: "audit <verify|show|archive>",
    summary: "verify the audit log, show an order's history, or archive old rows",
    wide: true,
    operands: { min: 0, max: 1 },
  },
  paper: {
    usage: "paper reset",
    summary: "reset paper accounts to their initial funds",
    operands: { min: 1, max: 1 },
    word: "reset",
  },
  state: {
    usage: "state move",
    summary: "copy orders, audit log and API keys from the state folder to PostgreSQL, or back",
    operands: { min: 1, max: 1 },
    word: "move",
  },
  keys: {
    usage: "keys <create|list|revoke|rotate> [name]",
    summary: "create, list, rotate and revoke API keys for clients",
    wide: true,
    // Superfluous operands are rejected by the command itself, which hides keys in its messages.
    operands: { min: 0, max: 50 },
  },
  certs: {
    usage: "certs create",
    summary: "create development certificates",
    operands: { min: 1, max: 1 },
    word: "create",
  },
  setup: {
    usage: "setup [client] [-- server arguments]",
    summary: "add this server to the configuration of AI clients, or remove it: claude-code, claude-desktop, cursor, " +
      "windsurf, vscode, zed, codex, gemini; without one, to those that are found",
    operands: { min: 0, max: 50 },
  },
  simulator: {
    usage: "simulator",
    summary: "serve the simulated exchange on its own, on loopback",
  },
  completions: {
    usage: "completions <bash|zsh|fish|powershell>",
    summary: "print the script with which a shell completes commands, flags, values and tools",
    operands: { min: 1, max: 1 },
  },
  man: { usage: "man", summary: "print the manual page, for man" },
};

/** A flag for parsing and help; without a `value` it is a switch. */
export interface Flag {
  readonly flag: string;
  readonly value?: string;
  readonly help: string;
  readonly env: readonly string[];
  readonly default?: string;
  /** The reader of its value, if the flag is a setting. */
  readonly reader?: Setting["reader"];
}

/** The flags of a command, in the order of its help: output flags first, then settings. */
export function flagsOf(command: CommandName): Flag[] {
  const ofSettings = Object.values<Setting>(COMMAND_SETTINGS[command]).flatMap(({ flag, ...setting }) =>
    flag === undefined ? [] : [{ ...setting, flag }]
  );
  return [JSON_FLAG, ...(COMMANDS[command].wide ? [WIDE_FLAG] : []), ...ofSettings];
}

const JSON_FLAG: Flag = { flag: "json", help: "print JSON, also on a terminal; errors too", env: [] };

const WIDE_FLAG: Flag = { flag: "wide", help: "print every column of a table, however wide it is", env: [] };
