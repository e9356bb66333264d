/** Turns SQLite's failures into one kind of error. */

import type { DatabaseSync } from "node:sqlite";
import { isOutdated } from "../../sqlite.ts";
import { outdatedError, sqliteFailure, StateError } from "../../state_error.ts";
import type { StateFailure } from "../../state_error.ts";

/** What to do about each failure. */
const REMEDIES: Partial<Record<StateFailure, string>> = {
  busy: "another process keeps it locked: try again, or end that process",
  full: "the disk is full: free some space",
  read_only: "it is read-only: make the state folder writable",
  damaged: "it is damaged: restore it from a copy",
};

/** A database that is open, and the tables that this program knows of it. */
export interface KnownTables {
  readonly database: DatabaseSync;
  readonly migrations: readonly string[];
}

/**
 * Answers what `body` returns, or throws what the engine said as a `StateError`: `outdated` where a newer version of this
 * program has changed what it reads from `tables`.
 *
 * @throws {StateError}
 */
export function answering<Value>(path: string, body: () => Value, tables?: KnownTables): Value {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_SQLITE_ERROR")) throw error;
    const failure = sqliteFailure(error.message);
    if (failure === "unusable" && tables !== undefined && isOutdated(tables.database, tables.migrations)) {
      throw outdatedError(path);
    }
    throw new StateError(`Cannot use ${path} as ${REMEDIES[failure] ?? error.message}`, {
      path,
      failure,
      cause: error,
    });
  }
}
