/** One kind of error for whatever fails in SQLite. */

import { sqliteFailure, StateError } from "../../state_error.ts";
import type { StateFailure } from "../../state_error.ts";

/** What to do about each. */
const REMEDIES: Partial<Record<StateFailure, string>> = {
  busy: "another process keeps it locked: try again, or end that process",
  full: "the disk is full: free some space",
  read_only: "it is read-only: make the state folder writable",
  damaged: "it is damaged: restore it from a copy",
};

/**
 * Answers what `body` returns, or throws what the engine said as a `StateError`.
 *
 * @throws {StateError}
 */
export function answering<Value>(path: string, body: () => Value): Value {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR")) throw error;
    const failure = sqliteFailure(error.message);
    throw new StateError(`Cannot use ${path} as ${REMEDIES[failure] ?? error.message}`, {
      path,
      failure,
      cause: error,
    });
  }
}
