/** The settings of the commands for the trading record: `audit`, `kill` and `approve`. */

import { z } from "zod";
import { Switch, Text, wholeNumber } from "./readers.ts";
import type { Settings } from "./setting.ts";

const STATE = {
  schema: Text,
  help: "state folder that holds orders and the audit log; default: the user's state folder",
  flag: "state",
  value: "folder",
  env: ["LUNO_MCP_STATE"],
  protects: true,
} as const;

const Hash: z.ZodType<string, string> = z.string().toLowerCase()
  .regex(/^[0-9a-f]{64}$/, { error: "expected 64 hexadecimal digits, as audit verify prints them" });

/** After how many days rows leave the record; servers and `audit archive` take it. */
export const RECORD_RETENTION = {
  schema: wholeNumber(7, 36_500),
  help: "days after which audit rows move to archive files, at server start and by audit archive; " +
    "default: never",
  flag: "record-retention",
  value: "days",
  env: ["LUNO_MCP_RECORD_RETENTION"],
} as const;

/** What `audit` understands. */
export const AUDIT_SETTINGS = {
  state: STATE,
  head: {
    schema: Hash,
    help: "head printed by an earlier audit verify and kept elsewhere; proves that the rows up to it are unchanged",
    flag: "head",
    value: "hash",
    env: [],
  },
  order: {
    schema: Text,
    help: "order id or client order id to show; default: the latest rows",
    flag: "order",
    value: "id",
    env: [],
  },
  recordRetention: RECORD_RETENTION,
  verbose: {
    schema: Switch,
    help: "show all that each event says; default: a line per event",
    flag: "verbose",
    env: [],
  },
} as const satisfies Settings;

/** What `kill` reads before it does anything: nothing else may stand in the way of a halt. */
export const HALT_SETTINGS = {
  state: STATE,
  reason: {
    schema: Text,
    help: "why trading is halted; shown with every refused order",
    flag: "reason",
    value: "text",
    env: [],
  },
  cancelOpen: {
    schema: Switch,
    help: "also cancel all open orders: by the running server, else by this command",
    flag: "cancel-open",
    env: [],
    default: "false",
  },
  lift: {
    schema: Switch,
    help: "resume trading",
    flag: "lift",
    env: [],
    default: "false",
  },
  status: {
    schema: Switch,
    help: "only show whether trading is halted, which servers use the folder, and what is still to be cancelled",
    flag: "status",
    env: [],
    default: "false",
  },
  force: {
    schema: Switch,
    help: "halt or resume also where no running server uses the folder",
    flag: "force",
    env: [],
    default: "false",
  },
} as const satisfies Settings;

/** What `resume` understands. */
export const RESUME_SETTINGS = { state: STATE, force: HALT_SETTINGS.force } as const satisfies Settings;

/** What `status` understands. */
export const STATUS_SETTINGS = { state: STATE } as const satisfies Settings;

/** What `approve` understands. */
export const APPROVE_SETTINGS = {
  state: STATE,
  decline: {
    schema: Switch,
    help: "decline the order instead of approving it",
    flag: "decline",
    env: [],
    default: "false",
  },
} as const satisfies Settings;

/** What `reload` understands. */
export const RELOAD_SETTINGS = {
  state: { ...STATE, help: "state folder of the servers to reload; default: the user's state folder" },
} as const satisfies Settings;
