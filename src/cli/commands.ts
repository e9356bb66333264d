/** The commands that people type, as a table: what each takes. */

import { CERTS_SETTINGS } from "../config/certs_settings.ts";
import { BRIDGE_SETTINGS, CLIENT_SETTINGS } from "../config/client_settings.ts";
import { KEYS_SETTINGS } from "../config/keys_settings.ts";
import { KILL_SETTINGS } from "../config/kill_settings.ts";
import { PAPER_SETTINGS } from "../config/paper_settings.ts";
import { POLICY_SETTINGS } from "../config/policy_settings.ts";
import { SERVER_SETTINGS } from "../config/server_settings.ts";
import { SIMULATOR_SETTINGS } from "../config/simulator_settings.ts";
import {
  APPROVE_SETTINGS,
  AUDIT_SETTINGS,
  RELOAD_SETTINGS,
  RESUME_SETTINGS,
  STATUS_SETTINGS,
} from "../config/trading_commands_settings.ts";
import type { Setting, Settings } from "../config/setting.ts";

/** The commands; without one it is `serve`. */
export type CommandName =
  | "serve"
  | "tools"
  | "call"
  | "config"
  | "client"
  | "bridge"
  | "policy"
  | "approve"
  | "status"
  | "kill"
  | "reload"
  | "resume"
  | "audit"
  | "paper"
  | "keys"
  | "certs"
  | "simulator";

/** One command. */
export interface CommandEntry {
  readonly usage: string;
  readonly summary: string;
  readonly settings: Settings;
  /** Whether `--wide` makes it print whole tables on a narrow terminal. */
  readonly wide?: true;
  /** How many operands it takes. */
  readonly operands?: { readonly min: number; readonly max: number };
  /** The word that must follow, where there is only one. */
  readonly word?: string;
}

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<CommandName, CommandEntry>> = {
  serve: { usage: "serve", summary: "serve clients (the default command)", settings: SERVER_SETTINGS },
  tools: {
    usage: "tools [tool]",
    summary: "list the tools with their scopes and token costs, or explain one",
    settings: SERVER_SETTINGS,
    operands: { min: 0, max: 1 },
    wide: true,
  },
  call: {
    usage: "call <tool> [name=value...]",
    summary: "run one tool and print its result",
    settings: SERVER_SETTINGS,
    wide: true,
    operands: { min: 1, max: 50 },
  },
  config: {
    usage: "config print",
    summary: "print every setting with its value and source",
    settings: SERVER_SETTINGS,
    wide: true,
    operands: { min: 1, max: 1 },
    word: "print",
  },
  client: {
    usage: "client [call <tool> [name=value...]]",
    summary: "explore a server, call a tool, watch prices, or simulate many clients",
    settings: CLIENT_SETTINGS,
    wide: true,
    operands: { min: 0, max: 50 },
    word: "call",
  },
  bridge: {
    usage: "bridge <ws address>",
    summary: "connect a stdio client to a remote server; reconnects when the connection drops",
    settings: BRIDGE_SETTINGS,
    operands: { min: 1, max: 1 },
  },
  policy: {
    usage: "policy <check|explain>",
    summary: "validate a policy file, or explain what one client may do",
    settings: POLICY_SETTINGS,
    operands: { min: 0, max: 1 },
  },
  approve: {
    usage: "approve [id]",
    summary: "list, approve or decline orders that wait for approval",
    settings: APPROVE_SETTINGS,
    operands: { min: 0, max: 1 },
  },
  status: {
    usage: "status",
    summary: "show the servers of a state folder, and how trading stands there",
    settings: STATUS_SETTINGS,
  },
  kill: {
    usage: "kill",
    summary: "halt trading at once; --status shows it, --lift resumes trading",
    settings: KILL_SETTINGS,
  },
  resume: {
    usage: "resume",
    summary: "resume trading after a halt, as kill --lift does",
    settings: RESUME_SETTINGS,
  },
  reload: {
    usage: "reload",
    summary: "have running servers read their policy, access and certificate files again",
    settings: RELOAD_SETTINGS,
  },
  audit: {
    usage: "audit <verify|show|archive>",
    summary: "verify the audit log, show an order's history, or archive old rows",
    settings: AUDIT_SETTINGS,
    wide: true,
    operands: { min: 0, max: 1 },
  },
  paper: {
    usage: "paper reset",
    summary: "reset paper accounts to their initial funds",
    settings: PAPER_SETTINGS,
    operands: { min: 1, max: 1 },
    word: "reset",
  },
  keys: {
    usage: "keys <create|list|revoke|rotate> [name]",
    summary: "create, list, rotate and revoke API keys for clients",
    settings: KEYS_SETTINGS,
    wide: true,
    operands: { min: 0, max: 2 },
  },
  certs: {
    usage: "certs create",
    summary: "create development certificates",
    settings: CERTS_SETTINGS,
    operands: { min: 1, max: 1 },
    word: "create",
  },
  simulator: {
    usage: "simulator",
    summary: "serve the simulated exchange on its own, on loopback",
    settings: SIMULATOR_SETTINGS,
  },
};

/** A flag as the command line and its help know it; without a `value` it is a switch. */
export interface Flag {
  readonly flag: string;
  readonly value?: string;
  readonly help: string;
  readonly env: readonly string[];
  readonly default?: string;
}

/** The flags of a command, in the order of its help: those for its output, and its settings. */
export function flagsOf({ settings, wide }: CommandEntry): Flag[] {
  const ofSettings = Object.values<Setting>(settings).flatMap(({ flag, ...setting }) =>
    flag === undefined ? [] : [{ ...setting, flag }]
  );
  return [JSON_FLAG, ...(wide ? [WIDE_FLAG] : []), ...ofSettings];
}

const JSON_FLAG: Flag = { flag: "json", help: "print JSON, also on a terminal; errors too", env: [] };

const WIDE_FLAG: Flag = { flag: "wide", help: "print every column of a table, however wide it is", env: [] };
