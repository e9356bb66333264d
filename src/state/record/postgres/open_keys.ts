/** Opens the API keys of a database. */

import type { Keys } from "../../../access/keys.ts";
import type { DatabaseAccess } from "../../database_address.ts";
import { waitWhileBusy } from "../../wait_while_busy.ts";
import type { BusyOptions } from "../../wait_while_busy.ts";
import { Database } from "./database.ts";
import { PostgresKeys } from "./keys.ts";
import type { PostgresKeysOptions } from "./keys.ts";
import { prepareTables } from "./migrate.ts";

/** How to open them. */
export interface OpenPostgresKeysOptions extends PostgresKeysOptions, Omit<BusyOptions, "path"> {
  /** `write` creates what is missing. `read` changes nothing and requires the tables of this version. */
  readonly mode: "write" | "read";
  /**
   * As in `PrepareOptions`.
   *
   * @default true
   */
  readonly mayOvertake?: boolean | undefined;
}

/**
 * Opens them.
 *
 * @throws {StateError} when they cannot be used; `ERR_STATE_BUSY` when the tables stayed locked
 */
export async function openPostgresKeys(access: DatabaseAccess, options: OpenPostgresKeysOptions): Promise<Keys> {
  const { mode, mayOvertake, maxKeys } = options;
  const database = new Database(access, { maxConnections: 1 });
  try {
    const prepare = () => prepareTables(database, { mayChange: mode === "write", mayOvertake });
    await waitWhileBusy(prepare, { ...options, path: database.name });
    return new PostgresKeys(database, { maxKeys });
  } catch (error) {
    await database.close();
    throw error;
  }
}
