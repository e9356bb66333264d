/** A worker with engines of the trading record that are broken on purpose, or have no room. */

import { DatabaseSync } from "node:sqlite";
import type { DatabaseSyncOptions, SQLInputValue } from "node:sqlite";
import { join } from "node:path";
import { serveEngines } from "../../../src/state/engine_worker.ts";
import { SqliteRecord } from "../../../src/state/record/sqlite/record.ts";
import type { SqliteRecordOptions } from "../../../src/state/record/sqlite/record.ts";
import { TRADING_DATABASE } from "../../../src/state/record/sqlite/trading_database.ts";

/** A database without room for another page. */
class FullDatabase extends DatabaseSync {
  constructor(path: string, options: DatabaseSyncOptions) {
    super(path, options);
    const { page_count: pages } = this.prepare("PRAGMA page_count").get() ?? {};
    this.exec(`PRAGMA max_page_count = ${pages}`);
  }
}

/** Keeps nothing of what it was told to commit. */
class LosingDatabase extends DatabaseSync {
  override exec(sql: string): void {
    super.exec(sql === "COMMIT" ? "ROLLBACK" : sql);
  }
}

/** Commits a transaction when the next one begins. */
class EarlyDatabase extends DatabaseSync {
  override exec(sql: string): void {
    if (sql === "COMMIT") return;
    if (sql.startsWith("BEGIN") && this.isTransaction) super.exec("COMMIT");
    super.exec(sql);
  }

  override close(): void {
    if (this.isTransaction) super.exec("COMMIT");
    super.close();
  }
}

/** Commits each statement by itself, and takes its time between what it reads and what it writes. */
class RacingDatabase extends DatabaseSync {
  override exec(sql: string): void {
    if (sql !== "BEGIN IMMEDIATE" && sql !== "COMMIT") super.exec(sql);
  }

  override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
    const statement = super.prepare(sql);
    if (!sql.startsWith("INSERT INTO placements")) return statement;
    const run = statement.run.bind(statement);
    return Object.assign(statement, {
      run(...values: SQLInputValue[]) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        return run(...values);
      },
    });
  }
}

/** The engine itself makes the schema; then the same file is opened in another way. */
function opening(Database: new (path: string, options: DatabaseSyncOptions) => DatabaseSync) {
  return (options: SqliteRecordOptions): Promise<SqliteRecord> => {
    if (options.mode === "read") return Promise.resolve(SqliteRecord.open(options));
    SqliteRecord.open(options).close();
    const database = new Database(join(options.folder, TRADING_DATABASE), { timeout: 250 });
    return Promise.resolve(new SqliteRecord(database, options));
  };
}

serveEngines({
  full: opening(FullDatabase),
  losing: opening(LosingDatabase),
  early: opening(EarlyDatabase),
  racing: opening(RacingDatabase),
});
