/** Finds the record of a command: in the state folder, or in a database that several servers share. */

import type { DATABASE_SETTINGS } from "../config/database_settings.ts";
import { readDatabaseAccess } from "../config/database_access.ts";
import type { Origin } from "../config/parse.ts";
import { databaseProblems } from "../config/rules/database_rules.ts";
import type { DatabaseOrigins } from "../config/rules/database_rules.ts";
import type { ValuesOf } from "../config/setting.ts";
import { databaseName } from "../state/database_address.ts";
import type { DatabaseAccess } from "../state/database_address.ts";
import { findFolder } from "./find_folder.ts";
import type { StateFolder } from "./find_folder.ts";

/** Where the record is. */
export interface RecordPlace {
  /** The state folder of this machine: a file in it may halt trading, and archive files are there. */
  readonly path: string;
  /** What the operator typed. */
  readonly name: string;
  /** The database that has the record; when absent, the folder has it. */
  readonly database?: DatabaseAccess;
}

/** A place, or the problems with it. */
export type FoundRecord =
  | { readonly ok: true } & RecordPlace
  | { readonly ok: false; readonly problems: readonly string[] };

/** Finds it by the settings, without opening it. */
export async function findRecord(
  { values, origins }: {
    readonly values: Partial<ValuesOf<typeof DATABASE_SETTINGS>> & { readonly state?: string | undefined };
    readonly origins: DatabaseOrigins & { readonly state: Origin };
  },
  env: (name: string) => string | undefined,
): Promise<FoundRecord> {
  const folder: StateFolder = findFolder({ values, origins }, env);
  const problems = [...(folder.ok ? [] : [folder.problem]), ...databaseProblems(values, origins)];
  const database = await readDatabaseAccess(values, problems);
  if (!folder.ok || problems.length > 0) return { ok: false, problems };
  return database === undefined ? folder : { ok: true, path: folder.path, name: "--state-url", database };
}

/** The place, as operators know it. */
export function placeOf({ path, database }: RecordPlace): string {
  return database === undefined ? path : databaseName(database.address);
}
