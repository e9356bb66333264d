/** Errors of the databases in the state folder. */

import type { ErrorRow } from "./error_row.ts";
import { LOCAL } from "./error_row.ts";

/** Why state cannot be read or written. Clients of trading tools see `ERR_RECORD_FAILED` instead. */
export const STATE_CODES = {
  ERR_STATE_BUSY: {
    ...LOCAL,
    meaning: "another process has kept the database locked for too long",
    action: "try again",
    retry: "yes",
  },
  ERR_STATE_FULL: { ...LOCAL, meaning: "the disk is full", action: "free disk space", retry: "no" },
  ERR_STATE_READ_ONLY: {
    ...LOCAL,
    meaning: "the database cannot be written",
    action: "check the owner and permissions of the state folder",
    retry: "no",
  },
  ERR_STATE_DAMAGED: {
    ...LOCAL,
    meaning: "the file is damaged, or is not a database",
    action: "restore a copy, or move the file away",
    retry: "no",
  },
  ERR_STATE_OUTDATED: {
    ...LOCAL,
    meaning: "a newer version of the program has changed the tables of the database",
    action: "restart this program with that version",
    retry: "no",
  },
  ERR_STATE_UNUSABLE: {
    ...LOCAL,
    meaning: "the database cannot be opened or used",
    action: "as the message says",
    retry: "no",
  },
  ERR_STATE_UNAVAILABLE: {
    ...LOCAL,
    meaning: "the database cannot be reached, or does not answer",
    action: "check the database and the network; nothing needs a restart",
    retry: "yes",
  },
  ERR_STATE_OVERLOADED: {
    ...LOCAL,
    meaning: "too many operations wait for the database",
    action: "try again later",
    retry: "yes",
  },
  ERR_STATE_OUTCOME_UNKNOWN: {
    ...LOCAL,
    meaning: "it is unknown whether the change was written",
    action: "look it up before you repeat it",
    retry: "no",
  },
  ERR_STATE_CLOSED: {
    ...LOCAL,
    meaning: "the database is closed, as the program ends",
    action: "start it again",
    retry: "no",
  },
  ERR_TRADING_STORE: {
    ...LOCAL,
    meaning: "the trading database cannot be read or written",
    action: "free disk space, check the state folder",
    retry: "depends",
  },
} as const satisfies Record<string, ErrorRow>;
