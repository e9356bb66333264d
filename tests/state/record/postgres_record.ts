/** The trading record on PostgreSQL as the behaviour suite takes it. */

import { InstanceLock } from "../../../src/state/instance_lock.ts";
import { openPostgresRecord } from "../../../src/state/record/postgres/open_record.ts";
import type { TradingRecord } from "../../../src/trading/record/trading_record.ts";
import { INSTANCE } from "../../trading/stores.ts";
import { accessOf } from "../open_postgres.ts";
import { fillDisk } from "../postgres_damage.ts";
import type { PostgresServer } from "../postgres_server.ts";
import { databaseOf } from "./broken_postgres.ts";
import type { OpenedAs, RecordInstallation } from "./installation.ts";
import { startRecordProcess } from "./record_process.ts";

/** A record in a database of its own. */
export async function startPostgresRecord(server: PostgresServer): Promise<RecordInstallation> {
  return await startPostgresRecordIn(server, await server.createDatabase(), "postgres");
}

/** Makes a database with the tables of a new record, for copies: making the tables takes longer than what is done with them. */
export async function createTemplate(server: PostgresServer): Promise<string> {
  const database = await server.createDatabase();
  const folder = await Deno.makeTempDir();
  const waiting = { timeoutMs: 0, monotonic: () => performance.now() };
  const record = await openPostgresRecord(accessOf(server.url(database)), { folder, mode: "write", ...waiting });
  await record.close();
  await Deno.remove(folder, { recursive: true });
  return database;
}

/** A record in a database that is empty, or has its tables. */
export async function startPostgresRecordIn(
  server: PostgresServer,
  database: string,
  engine = "postgres",
): Promise<RecordInstallation> {
  const url = server.url(database);
  const folder = await Deno.makeTempDir();
  const opened: TradingRecord[] = [];
  const open = async ({ mode = "write", secrets }: OpenedAs = {}) => {
    const waiting = { timeoutMs: 0, patienceMs: 300, monotonic: () => performance.now() };
    const record = await openPostgresRecord(accessOf(url), { folder, mode, secrets, ...waiting }, databaseOf(engine));
    opened.push(record);
    if (mode === "write" && !await record.instances.has(INSTANCE.id)) await record.instances.enter(INSTANCE);
    return record;
  };
  const work = { folder, engine, url };
  return {
    folder,
    open,
    async openFull() {
      const record = await open();
      await server.query(fillDisk("placements"), database);
      return record;
    },
    async openSlow() {
      const record = await open();
      await server.query(SLOW_COMMITS, database);
      return record;
    },
    async enter(_record, facts = {}) {
      const lock = InstanceLock.take(folder);
      lock.release();
      const own = await openPostgresRecord(accessOf(url), {
        ...{ folder, mode: "write", timeoutMs: 0, monotonic: () => performance.now() },
      });
      opened.push(own);
      await own.instances.enter({ ...INSTANCE, ...facts, id: lock.id });
      return {
        id: lock.id,
        async die() {
          await own.close();
          await server.query(
            `UPDATE luno_mcp.instances SET lease_until = '-infinity' WHERE id = '${lock.id}'`,
            database,
          );
        },
      };
    },
    tamper: (...statements) => tamper(server, database, statements),
    force: (...statements) => tamper(server, database, ["SET session_replication_role = replica", ...statements]),
    lock: () => startRecordProcess("lock", work),
    write: () => startRecordProcess("write", work),
    race: (name, count) => startRecordProcess("race", { ...work, name, count }),
    take: (previews) => startRecordProcess("take", { ...work, previews }),
    show: () => startRecordProcess("show", work),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((record) => record.close()));
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function tamper(server: PostgresServer, database: string, statements: readonly string[]): Promise<void> {
  const client = await server.connect(database);
  try {
    await client.query("SET search_path = luno_mcp");
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Every commit that has added to the audit takes as long as a sync does on a slow disk. */
const SLOW_COMMITS = `
  CREATE FUNCTION luno_mcp.take_time() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF NEW.seq = (SELECT max(seq) FROM luno_mcp.audit) THEN PERFORM pg_sleep(0.3); END IF;
    RETURN NULL;
  END $$;
  CREATE CONSTRAINT TRIGGER take_time AFTER INSERT ON luno_mcp.audit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION luno_mcp.take_time()`;
