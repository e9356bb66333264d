/**
 * Upgrades the tables of a database to this version. When several servers start at once, one of them does it under an
 * advisory lock, while the others wait.
 *
 * Servers of an earlier version may be running. From then on they send no orders, as each of their changes checks the
 * version first; so only a server of the new version, or a halt, may do that.
 */

import { getLogger } from "../../../logging/logger.ts";
import { readNumber } from "../../row.ts";
import { StateError } from "../../state_error.ts";
import { SCHEMA } from "./database.ts";
import type { Database, Session } from "./database.ts";
import { MIGRATION_LOCK } from "./known_tables.ts";
import { INSTANCES_VERSION, MIGRATIONS } from "./schema.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/** Time limit of one step, which may rewrite tables with millions of rows. */
const STEP_MS = 3_600_000;

/** What may be done to the tables. */
export interface PrepareOptions {
  /** Creates missing and upgrades older tables; otherwise everything must already be there. */
  readonly mayChange: boolean;
  /**
   * Upgrades them also while servers of an earlier version are running, which then send no more orders.
   *
   * @default true
   */
  readonly mayOvertake?: boolean | undefined;
}

/**
 * Upgrades the tables to this version.
 *
 * @throws {StateError} when they are of a newer version or of another program, the server may lose commits, or other
 * servers use them
 */
export async function prepareTables(
  database: Database,
  { mayChange, mayOvertake = true }: PrepareOptions,
): Promise<void> {
  await checkServer(database, { mayChange });
  const version = await versionOf(database.name, { query: (text, values) => database.read(text, values) });
  checkVersion(database.name, version, { mayChange });
  if (version === MIGRATIONS.length) return;
  const overtaken = await database.transaction(async (session) => {
    await session.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    const current = await versionOf(database.name, session); // Another server may have been faster.
    checkVersion(database.name, current, { mayChange });
    if (current === MIGRATIONS.length) return 0;
    const used = current < INSTANCES_VERSION ? 0 : await serversOn(session);
    if (used > 0 && !mayOvertake) throw isUsed(database.name, used);
    if (current === 0) await createSchema(session);
    else log.info("updating the tables of the database", { from: current, to: MIGRATIONS.length });
    for (const statements of MIGRATIONS.slice(current)) await session.query(statements);
    await session.query("UPDATE schema_version SET version = $1", [MIGRATIONS.length]);
    await session.query("UPDATE audit_head SET schema_version = $1", [MIGRATIONS.length]);
    return used;
  }, { statementMs: STEP_MS });
  if (overtaken === 0) return;
  log.warning("database updated; servers of the previous version send no orders until they are restarted", {
    database: database.name,
    servers: overtaken,
  });
}

/** The number of running servers; none of their changes is in progress after this. */
async function serversOn(session: Session): Promise<number> {
  await session.query("SELECT 1 FROM audit_head FOR UPDATE");
  const [row] = await session.query("SELECT count(*) AS count FROM instances WHERE lease_until > clock_timestamp()");
  return readNumber(row, "count");
}

function isUsed(path: string, servers: number): StateError {
  const who = servers === 1 ? "a server runs" : `${servers} servers run`;
  return new StateError(
    `Cannot bring ${path} up to date as ${who} on it with an earlier version of this program, and would send no order ` +
      "from then on: use the command of that version, or restart the servers with this one first",
    { path },
  );
}

/** An administrator may have created the names, with rights for the program's user. */
async function createSchema(session: Session): Promise<void> {
  const [found] = await session.query("SELECT 1 FROM pg_namespace WHERE nspname = $1", [SCHEMA]);
  if (found === undefined) await session.query(`CREATE SCHEMA ${SCHEMA}`);
  await session.query(
    `CREATE TABLE schema_version (only_row integer PRIMARY KEY CHECK (only_row = 1), version integer NOT NULL);
     INSERT INTO schema_version VALUES (1, 0)`,
  );
}

/** 0 when there is nothing. */
async function versionOf(path: string, session: Session): Promise<number> {
  const [facts] = await session.query(
    `SELECT to_regclass('${SCHEMA}.schema_version') IS NOT NULL AS is_ours,
       EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace('${SCHEMA}')) AS is_used`,
  );
  if (facts?.["is_ours"]) {
    return readNumber((await session.query("SELECT version FROM schema_version"))[0], "version");
  }
  if (!facts?.["is_used"]) return 0;
  throw new StateError(
    `Cannot use ${path} as its schema ${SCHEMA} is another program's: use another database`,
    { path },
  );
}

function checkVersion(path: string, version: number, { mayChange }: Pick<PrepareOptions, "mayChange">): void {
  const known = MIGRATIONS.length;
  if (version > known) {
    throw new StateError(
      `Cannot use ${path} as it was written by a newer version of this program: its schema is ${version}, ` +
        `known is ${known}: use that version, or another database`,
      { path },
    );
  }
  if (version < known && !mayChange) {
    throw new StateError(
      `Cannot read ${path} as its schema is ${version}, known is ${known}: run a command that writes to it first`,
      { path },
    );
  }
}

/** An answer must mean that the commit survives a power failure, which a server can be configured not to guarantee. */
async function checkServer(database: Database, { mayChange }: Pick<PrepareOptions, "mayChange">): Promise<void> {
  const [facts] = await database.read(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('server_encoding') AS encoding, pg_is_in_recovery() AS is_standby`,
  );
  const path = database.name;
  const lax = ["fsync", "synchronous_commit"].find((setting) => facts?.[setting] === "off");
  if (lax !== undefined) {
    throw new StateError(`Cannot use ${path} as it may lose what it has confirmed: set ${lax} = on there`, { path });
  }
  if (facts?.["encoding"] !== "UTF8") {
    throw new StateError(
      `Cannot use ${path} as its encoding must be UTF8: current value is ${String(facts?.["encoding"])}`,
      { path },
    );
  }
  if (facts["is_standby"] && mayChange) {
    throw new StateError(
      `Cannot use ${path} as it takes no changes, as a standby does: use the address of the primary`,
      { path, failure: "read_only" },
    );
  }
}
