/** The settings of the commands for the trading record: `audit`, `kill` and `approve`. */

import { z } from "zod";
import { Switch, Text, wholeNumber } from "./readers.ts";
import type { Settings } from "./setting.ts";

const STATE = {
  schema: Text,
  help: "folder that holds the trading record; without it, the user's folder for state",
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
  help: "days after which the record moves its rows into archive files, at a server's start and by audit archive; " +
    "without it, never",
  flag: "record-retention",
  value: "days",
  env: ["LUNO_MCP_RECORD_RETENTION"],
} as const;

/** What `audit` understands. */
export const AUDIT_SETTINGS = {
  state: STATE,
  head: {
    schema: Hash,
    help: "the head that an earlier verify printed and that was kept elsewhere: proves the rows up to it",
    flag: "head",
    value: "hash",
    env: [],
  },
  order: {
    schema: Text,
    help: "the order to show, by its order id or its client order id; without it the latest rows",
    flag: "order",
    value: "id",
    env: [],
  },
  recordRetention: RECORD_RETENTION,
} as const satisfies Settings;

/** What `kill` reads before it does anything: nothing else may stand in the way of a halt. */
export const HALT_SETTINGS = {
  state: STATE,
  reason: {
    schema: Text,
    help: "why trading is halted, for everybody who is refused",
    flag: "reason",
    value: "text",
    env: [],
  },
  cancelOpen: {
    schema: Switch,
    help: "cancel all open orders too: the running server does, or where none runs this command",
    flag: "cancel-open",
    env: [],
    default: "false",
  },
  lift: {
    schema: Switch,
    help: "let trading go on",
    flag: "lift",
    env: [],
    default: "false",
  },
  status: {
    schema: Switch,
    help: "only say whether trading is halted, and what remains to be cancelled",
    flag: "status",
    env: [],
    default: "false",
  },
} as const satisfies Settings;

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
