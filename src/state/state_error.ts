/** Failures of state: one error class with stable codes, whatever the engine. */

import type { ErrorCode } from "../errors/error_table.ts";

const CODES = {
  busy: "ERR_STATE_BUSY",
  full: "ERR_STATE_FULL",
  read_only: "ERR_STATE_READ_ONLY",
  damaged: "ERR_STATE_DAMAGED",
  outdated: "ERR_STATE_OUTDATED",
  unusable: "ERR_STATE_UNUSABLE",
  unavailable: "ERR_STATE_UNAVAILABLE",
  overloaded: "ERR_STATE_OVERLOADED",
  outcome_unknown: "ERR_STATE_OUTCOME_UNKNOWN",
  closed: "ERR_STATE_CLOSED",
} as const satisfies Record<string, ErrorCode>;

/** The kind of failure; each has its own code. */
export type StateFailure = keyof typeof CODES;

/** State that cannot be used; the message says what to do. */
export class StateError extends Error {
  override readonly name = "StateError";
  /** What it concerns, usually a file. */
  readonly path: string;
  readonly failure: StateFailure;
  readonly code: (typeof CODES)[StateFailure];

  constructor(
    message: string,
    { path, failure = "unusable", cause }: { path: string; failure?: StateFailure; cause?: unknown },
  ) {
    super(message, { cause });
    this.path = path;
    this.failure = failure;
    this.code = CODES[failure];
  }
}

/** Tables that are newer than what this program knows of them. */
export function outdatedError(path: string): StateError {
  return new StateError(
    `Cannot use ${path} as a newer version of this program has changed its tables: restart this program with that version`,
    { path, failure: "outdated" },
  );
}

/**
 * The meaning of an SQLite failure. The runtime exposes SQLite's code for some of them only, but its message for all.
 */
export function sqliteFailure(message: string): "busy" | "full" | "read_only" | "damaged" | "unusable" {
  if (/is full/.test(message)) return "full";
  if (/is locked|is busy/.test(message)) return "busy";
  if (/readonly/.test(message)) return "read_only";
  if (/malformed|not a database|corrupt|append-only|constraint failed/.test(message)) return "damaged";
  return "unusable";
}
