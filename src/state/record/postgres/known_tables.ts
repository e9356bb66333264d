/**
 * The promise that an older program changes nothing once a newer one has changed the tables, for what does not lock the row
 * in which the audit ends: keys and paper accounts. The record itself finds the version in that row.
 */

import { readNumber } from "../../row.ts";
import { outdatedError, StateError } from "../../state_error.ts";
import type { Database, Session } from "./database.ts";
import { MIGRATIONS } from "./schema.ts";

/** Held while the tables are changed, shared by changes of what is in them: any number that no other program uses here. */
export const MIGRATION_LOCK = 5_874_602_117;

const VERSION = "SELECT version FROM schema_version";

/** Makes a change on the tables that this program knows: nobody changes them until it is committed. @throws {StateError} */
export async function changeKnown<Result>(
  database: Database,
  body: (session: Session) => Promise<Result>,
): Promise<Result> {
  return await database.transaction(async (session) => {
    await session.query("SELECT pg_advisory_xact_lock_shared($1)", [MIGRATION_LOCK]);
    // Its own statement, as one that waited for the lock would not see what was changed meanwhile.
    const [row] = await session.query(VERSION);
    if (isNewer(readNumber(row, "version"))) throw outdatedError(database.name);
    return await body(session);
  });
}

/** Reads; where that fails on tables that a newer program has changed, the error says so. @throws {StateError} */
export async function readKnown<Result>(database: Database, body: () => Promise<Result>): Promise<Result> {
  try {
    return await body();
  } catch (error) {
    const isRefused = error instanceof StateError && error.failure === "unusable";
    if (isRefused && await hasNewerTables(database)) throw outdatedError(database.name);
    throw error;
  }
}

async function hasNewerTables(database: Database): Promise<boolean> {
  const [row] = await database.read(VERSION).catch(() => []);
  return row !== undefined && isNewer(readNumber(row, "version"));
}

function isNewer(version: number): boolean {
  return version > MIGRATIONS.length;
}
