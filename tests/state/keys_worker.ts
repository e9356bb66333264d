/** A worker with engines of API keys that are broken on purpose, or have no room. */

import { DatabaseSync } from "node:sqlite";
import type { DatabaseSyncOptions, SQLInputValue } from "node:sqlite";
import { serveEngines } from "../../src/state/engine_worker.ts";
import { SqliteKeys } from "../../src/state/record/sqlite/keys.ts";
import type { SqliteKeysOptions } from "../../src/state/record/sqlite/keys.ts";

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
    if (sql === "BEGIN IMMEDIATE" && this.isTransaction) super.exec("COMMIT");
    super.exec(sql);
  }
}

/** Commits each statement by itself, and takes its time between what it reads and what it writes. */
class RacingDatabase extends DatabaseSync {
  override exec(sql: string): void {
    if (sql !== "BEGIN IMMEDIATE" && sql !== "COMMIT") super.exec(sql);
    else if (sql === "COMMIT") return;
  }

  override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
    const statement = super.prepare(sql);
    if (!sql.startsWith("INSERT")) return statement;
    const run = statement.run.bind(statement);
    return Object.assign(statement, {
      run(values: Record<string, SQLInputValue>) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
        return run(values);
      },
    });
  }
}

/** The engine itself makes the schema; then the same file is opened in another way. */
function opening(Database: new (path: string, options: DatabaseSyncOptions) => DatabaseSync) {
  return (options: SqliteKeysOptions): Promise<SqliteKeys> => {
    SqliteKeys.open(options).close();
    return Promise.resolve(new SqliteKeys(new Database(options.path, { timeout: 250 }), options));
  };
}

serveEngines({
  full: opening(FullDatabase),
  losing: opening(LosingDatabase),
  early: opening(EarlyDatabase),
  racing: opening(RacingDatabase),
});
