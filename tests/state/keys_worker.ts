/** A worker with engines of API keys that are broken on purpose, or have no room. */

import type { DatabaseSync, DatabaseSyncOptions } from "node:sqlite";
import { serveEngines } from "../../src/state/engine_worker.ts";
import { SqliteKeys } from "../../src/state/record/sqlite/keys.ts";
import type { SqliteKeysOptions } from "../../src/state/record/sqlite/keys.ts";
import {
  EarlyDatabase,
  FullDatabase,
  LosingDatabase,
  RacingDatabase,
  rewordingSqlite,
  StaleDatabase,
} from "./broken_databases.ts";
import { KEYS_FAULTS } from "./keys_faults.ts";

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
  stale: opening(StaleDatabase),
  ...Object.fromEntries(
    Object.entries(KEYS_FAULTS).map(([fault, { sqlite }]) => [fault, opening(rewordingSqlite(sqlite))]),
  ),
});
