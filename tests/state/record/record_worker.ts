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

/** Takes its time for every commit, as a disk does that is slow to sync. */
class SlowDatabase extends DatabaseSync {
  override exec(sql: string): void {
    if (sql === "COMMIT") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    super.exec(sql);
  }
}

/** Keeps nothing of what it was told to commit. */
class LosingDatabase extends DatabaseSync {
  override exec(sql: string): void {
    super.exec(sql === "COMMIT" ? "ROLLBACK" : sql);
  }
}

/** Commits a while after it has said so. */
class EarlyDatabase extends DatabaseSync {
  override exec(sql: string): void {
    if (sql === "COMMIT") return void setTimeout(() => this.#commit(), 100);
    if (sql.startsWith("BEGIN")) this.#commit();
    super.exec(sql);
  }

  override close(): void {
    this.#commit();
    super.close();
  }

  #commit(): void {
    if (this.isOpen && this.isTransaction) super.exec("COMMIT");
  }
}

/** Holds orders against what was used of a limit per day some time before. */
class RacingDatabase extends DatabaseSync {
  override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
    const statement = super.prepare(sql);
    if (!/FROM day_use .* day >= /.test(sql)) return statement;
    const all = statement.all.bind(statement);
    let [read, readAt] = [[] as ReturnType<typeof all>, -Infinity];
    return Object.assign(statement, {
      all(...values: SQLInputValue[]) {
        if (performance.now() - readAt > 500) [read, readAt] = [all(...values), performance.now()];
        return read;
      },
    });
  }
}

/** Reads of previews what is not so. */
function misreading(pattern: RegExp, instead: string): typeof DatabaseSync {
  return class extends DatabaseSync {
    override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
      return super.prepare(/^SELECT .* FROM previews/.test(sql) ? sql.replace(pattern, instead) : sql);
    }
  };
}

/** Is told something else than the engine says. */
function rewording(pattern: RegExp, instead: string): typeof DatabaseSync {
  return class extends DatabaseSync {
    override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
      return super.prepare(sql.replace(pattern, instead));
    }
  };
}

/** Lets a key be used as often as it is asked for. */
class KeylessDatabase extends rewording(/(?<=FROM placements WHERE )(?=identity = \? AND idempotency_key)/, "0 AND ") {
  constructor(path: string, options: DatabaseSyncOptions) {
    super(path, options);
    this.exec("DROP INDEX IF EXISTS placements_by_key");
  }
}

/** Has a fault within the transaction that writes an order of this name, and leaves it open. */
class FaultyDatabase extends DatabaseSync {
  override exec(sql: string): void {
    const isWritten = () => this.prepare("SELECT 1 FROM placements WHERE client_order_id = 'lm-die'").get();
    if (sql !== "COMMIT" || isWritten() === undefined) return super.exec(sql);
    queueMicrotask(() => {
      throw new Error("boom");
    });
  }
}

/** The engine itself makes the schema; then the same file is opened in another way. */
function opening(Database: new (path: string, options: DatabaseSyncOptions) => DatabaseSync) {
  return (options: SqliteRecordOptions): Promise<SqliteRecord> => {
    if (options.mode !== "write") return Promise.resolve(SqliteRecord.open(options));
    SqliteRecord.open(options).close();
    const database = new Database(join(options.folder, TRADING_DATABASE), { timeout: 250 });
    return Promise.resolve(new SqliteRecord(database, options));
  };
}

/** Reads what was there when it was opened. */
function openStale(options: SqliteRecordOptions): Promise<SqliteRecord> {
  if (options.mode === "write") return Promise.resolve(SqliteRecord.open(options));
  const database = new DatabaseSync(join(options.folder, TRADING_DATABASE), { readOnly: true });
  database.exec("BEGIN; SELECT count(*) FROM placements");
  return Promise.resolve(new SqliteRecord(database, options));
}

serveEngines({
  full: opening(FullDatabase),
  slow: opening(SlowDatabase),
  losing: opening(LosingDatabase),
  early: opening(EarlyDatabase),
  racing: opening(RacingDatabase),
  reusing: opening(misreading(/used_at/, "NULL AS used_at")),
  lending: opening(misreading(/identity = \?/, "? IS NOT NULL")),
  timeless: opening(misreading(/expires_at/, "9e15 AS expires_at")),
  faulty: opening(FaultyDatabase),
  stale: openStale,
  keyless: opening(KeylessDatabase),
  unstoppable: opening(
    rewording(/(?<=^SELECT )\*(?= FROM kill_switch)/, "0 AS is_halted, at, by, reason, is_file_noted"),
  ),
  holding: opening(rewording(/(?<=^DELETE FROM calls WHERE )(?=attempt)/, "0 AND ")),
  clinging: opening(
    rewording(
      /(?<=^(DELETE FROM|UPDATE) replacements .*WHERE )(?=account = \? AND venue = \? AND order_id = \? AND attempt)/,
      "0 AND ",
    ),
  ),
  answering: opening(rewording(/(?<=^UPDATE approvals SET )taken_at = \?/, "outcome = iif(?, outcome, outcome)")),
  grabbing: opening(rewording(/instance NOT IN \(SELECT id FROM instances\)/, "1")),
});
