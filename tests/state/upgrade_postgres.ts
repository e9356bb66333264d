/** What the next version of the program does to a database. */

import type { PostgresServer } from "./postgres_server.ts";

/** Changes the tables; the table `foreign` has another name from then on. */
export async function upgradePostgres(server: PostgresServer, database: string, foreign?: string): Promise<void> {
  const rename = foreign === undefined ? "" : `ALTER TABLE luno_mcp.${foreign} RENAME TO renamed;`;
  await server.query(
    `BEGIN; UPDATE luno_mcp.schema_version SET version = 1000; UPDATE luno_mcp.audit_head SET schema_version = 1000;
     ${rename} COMMIT`,
    database,
  );
}
