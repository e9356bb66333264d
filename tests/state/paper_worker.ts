/** A worker with paper ledgers that are broken on purpose, or have no room. */

import type { DatabaseSync, DatabaseSyncOptions } from "node:sqlite";
import { serveEngines } from "../../src/state/engine_worker.ts";
import { SqlitePaperLedger } from "../../src/state/record/sqlite/paper/ledger.ts";
import type { SqlitePaperLedgerOptions } from "../../src/state/record/sqlite/paper/ledger.ts";
import {
  EarlyDatabase,
  FullDatabase,
  LosingDatabase,
  RacingDatabase,
  rewordingSqlite,
  StaleDatabase,
} from "./broken_databases.ts";
import { PAPER_FAULTS } from "./paper_faults.ts";

/** The engine itself makes the schema; then the same file is opened in another way. */
function opening(Database: new (path: string, options: DatabaseSyncOptions) => DatabaseSync) {
  return (options: SqlitePaperLedgerOptions): Promise<SqlitePaperLedger> => {
    SqlitePaperLedger.open(options).close();
    return Promise.resolve(new SqlitePaperLedger(new Database(options.path, { timeout: 250 }), options));
  };
}

serveEngines({
  full: opening(FullDatabase),
  losing: opening(LosingDatabase),
  early: opening(EarlyDatabase),
  racing: opening(RacingDatabase),
  stale: opening(StaleDatabase),
  ...Object.fromEntries(
    Object.entries(PAPER_FAULTS).map(([fault, { sqlite }]) => [fault, opening(rewordingSqlite(sqlite))]),
  ),
});
