/** What can happen to a database of PostgreSQL, done on purpose. */

import type { PostgresServer } from "./postgres_server.ts";
import { startStateProcess } from "./state_process.ts";
import type { StateProcess } from "./state_process.ts";

/** Lets another process lock what a statement reads, until it is told to let go. */
export async function lockRows(url: string, statement: string): Promise<StateProcess> {
  const holder = startStateProcess(new URL("./postgres_lock_process.ts", import.meta.url), [url, statement]);
  await holder.next();
  return holder;
}

/**
 * The statements after which a table takes no more than twenty rows, with what the server says when it cannot extend a
 * file. A file system that is really full would need one of its own.
 */
export function fillDisk(table: string): string {
  return `
    CREATE FUNCTION luno_mcp.run_out() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT count(*) FROM luno_mcp.${table}) > 20 THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER run_out AFTER INSERT ON luno_mcp.${table} FOR EACH ROW EXECUTE FUNCTION luno_mcp.run_out()`;
}

/** Overwrites the file of a table, as a failing disk does; the server is stopped meanwhile. */
export async function corruptTable(
  server: PostgresServer,
  { database, table }: { readonly database: string; readonly table: string },
): Promise<void> {
  const { rows: [file] } = await server.query(`SELECT pg_relation_filepath('luno_mcp.${table}') AS path`, database);
  await server.stop();
  const path = `${server.data}/${file.path}`;
  const { size } = await Deno.stat(path);
  await Deno.writeFile(path, new Uint8Array(size).fill(0xa5), { create: false });
  await server.restart();
}
