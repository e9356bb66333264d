/** API keys on PostgreSQL as the behaviour suite takes them, and engines of them that are broken on purpose. */

import type { Keys } from "../../src/access/keys.ts";
import type { Database } from "../../src/state/record/postgres/database.ts";
import { PostgresKeys } from "../../src/state/record/postgres/keys.ts";
import { brokenDatabases } from "./broken_postgres_databases.ts";
import type { KeysInstallation } from "./keys_engines.ts";
import { KEYS_FAULTS } from "./keys_faults.ts";
import { accessOf, openKeysAt } from "./open_postgres.ts";
import { corruptTable, fillDisk, lockRows } from "./postgres_damage.ts";
import type { PostgresServer } from "./postgres_server.ts";
import { startStateProcess } from "./state_process.ts";
import { upgradePostgres } from "./upgrade_postgres.ts";

/** What is wrong with an engine. */
export const BROKEN_DATABASES = brokenDatabases(KEYS_FAULTS);

/** Keys in a database of their own. */
export async function startPostgresKeys(
  server: PostgresServer,
  Broken?: typeof Database,
): Promise<KeysInstallation> {
  const database = await server.createDatabase();
  const url = server.url(database);
  const opened: Keys[] = [];
  const open = async (options: { readonly maxKeys?: number } = {}) => {
    let keys = await openKeysAt(url, options);
    if (Broken !== undefined) {
      await keys.close();
      keys = new PostgresKeys(new Broken(accessOf(url), { maxConnections: 1 }), options);
    }
    opened.push(keys);
    return keys;
  };
  return {
    open,
    async openFull() {
      await server.query(fillDisk("keys"), database);
      return await open();
    },
    lock: () => lockRows(url, "SELECT 1 FROM key_store FOR UPDATE"),
    write: () => startStateProcess(new URL("./keys_process.ts", import.meta.url), [url, "postgres"]),
    upgrade: (options) => upgradePostgres(server, database, options?.isForeign === true ? "keys" : undefined),
    corrupt: () => corruptTable(server, { database, table: "keys" }),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((keys) => keys.close()));
    },
  };
}
