/** Databases that are broken on purpose, or have no room: whatever stands on one of them breaks a promise. */

import { DatabaseSync } from "node:sqlite";
import type { DatabaseSyncOptions, SQLInputValue, SQLOutputValue } from "node:sqlite";
import { reworded } from "./rewording.ts";
import type { Rewording } from "./rewording.ts";

/** A database without room for another page. */
export class FullDatabase extends DatabaseSync {
  constructor(path: string, options: DatabaseSyncOptions) {
    super(path, options);
    const { page_count: pages } = this.prepare("PRAGMA page_count").get() ?? {};
    this.exec(`PRAGMA max_page_count = ${pages}`);
  }
}

/** Keeps nothing of what it was told to commit. */
export class LosingDatabase extends DatabaseSync {
  override exec(sql: string): void {
    super.exec(sql === "COMMIT" ? "ROLLBACK" : sql);
  }
}

/** Commits a transaction when the next one begins. */
export class EarlyDatabase extends DatabaseSync {
  override exec(sql: string): void {
    if (sql === "COMMIT") return;
    if (sql === "BEGIN IMMEDIATE" && this.isTransaction) super.exec("COMMIT");
    super.exec(sql);
  }
}

/** Commits each statement by itself, and takes its time between what it reads and what it writes. */
export class RacingDatabase extends DatabaseSync {
  override exec(sql: string): void {
    if (sql !== "BEGIN IMMEDIATE" && sql !== "COMMIT") super.exec(sql);
  }

  override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
    const statement = super.prepare(sql);
    if (!sql.startsWith("INSERT")) return statement;
    const run = statement.run.bind(statement) as (...values: unknown[]) => ReturnType<typeof statement.run>;
    return Object.assign(statement, {
      run(...values: (SQLInputValue | Record<string, SQLInputValue>)[]) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
        return run(...values);
      },
    });
  }
}

/** Remembers what it has read until it writes itself. */
export class StaleDatabase extends DatabaseSync {
  readonly #read = new Map<string, Record<string, SQLOutputValue>[]>();

  override exec(sql: string): void {
    if (sql === "COMMIT") this.#read.clear();
    super.exec(sql);
  }

  override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
    const statement = super.prepare(sql);
    if (!sql.startsWith("SELECT")) return statement;
    const all = statement.all.bind(statement) as (...values: unknown[]) => ReturnType<typeof statement.all>;
    return Object.assign(statement, {
      all: (...values: (SQLInputValue | Record<string, SQLInputValue>)[]) =>
        this.isTransaction
          ? all(...values)
          : this.#read.getOrInsertComputed(JSON.stringify([sql, values]), () => all(...values)),
    });
  }
}

/** Is told something else than the engine says. */
export function rewordingSqlite(rewording: Rewording): typeof DatabaseSync {
  return class extends DatabaseSync {
    override prepare(sql: string): ReturnType<DatabaseSync["prepare"]> {
      return super.prepare(reworded(sql, rewording));
    }
  };
}
