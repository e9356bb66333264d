/** API keys on PostgreSQL as the behaviour suite takes them, and engines of them that are broken on purpose. */

import type { Keys } from "../../src/access/keys.ts";
import type { Database } from "../../src/state/record/postgres/database.ts";
import { PostgresKeys } from "../../src/state/record/postgres/keys.ts";
import {
  EarlyDatabase,
  LosingDatabase,
  RacingDatabase,
  rewordedBy,
  StaleDatabase,
} from "./broken_postgres_databases.ts";
import type { KeysInstallation } from "./keys_engines.ts";
import { KEYS_FAULTS } from "./keys_faults.ts";
import { accessOf, openKeysAt } from "./open_postgres.ts";
import type { PostgresServer } from "./postgres_server.ts";
import { startStateProcess } from "./state_process.ts";
import { upgradePostgres } from "./upgrade_postgres.ts";

/** What is wrong with an engine. */
export const BROKEN_DATABASES: Readonly<Record<string, typeof Database>> = {
  "loses commits": LosingDatabase,
  "answers before it has written": EarlyDatabase,
  "lets two pass a check together": RacingDatabase,
  "reads what was there before": StaleDatabase,
  ...rewordedBy(KEYS_FAULTS),
};

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
      await server.query(FILL_DISK, database);
      return await open();
    },
    async lock() {
      const script = new URL("./postgres_lock_process.ts", import.meta.url);
      const holder = startStateProcess(script, [url, "SELECT 1 FROM key_store FOR UPDATE"]);
      await holder.next();
      return holder;
    },
    write: () => startStateProcess(new URL("./keys_process.ts", import.meta.url), [url, "postgres"]),
    upgrade: (options) => upgradePostgres(server, database, options?.isForeign === true ? "keys" : undefined),
    async corrupt() {
      const { rows: [file] } = await server.query("SELECT pg_relation_filepath('luno_mcp.keys') AS path", database);
      await server.stop();
      const path = `${server.data}/${file.path}`;
      const { size } = await Deno.stat(path);
      await Deno.writeFile(path, new Uint8Array(size).fill(0xa5), { create: false });
      await server.restart();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((keys) => keys.close()));
    },
  };
}

/** What the server says when it cannot extend a file; a file system that is really full needs one of its own. */
const FILL_DISK = `
  CREATE FUNCTION luno_mcp.run_out() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF (SELECT count(*) FROM luno_mcp.keys) > 20 THEN
      RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER run_out AFTER INSERT ON luno_mcp.keys FOR EACH ROW EXECUTE FUNCTION luno_mcp.run_out()`;
