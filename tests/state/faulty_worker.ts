/** A worker whose engines have a fault within a transaction when they are asked for one thing, and leave it open. */

import type { DatabaseSync } from "node:sqlite";
import { serveEngines } from "../../src/state/engine_worker.ts";
import { MIGRATIONS as KEYS, SqliteKeys } from "../../src/state/record/sqlite/keys.ts";
import type { SqliteKeysOptions } from "../../src/state/record/sqlite/keys.ts";
import { SqlitePaperLedger } from "../../src/state/record/sqlite/paper/ledger.ts";
import type { SqlitePaperLedgerOptions } from "../../src/state/record/sqlite/paper/ledger.ts";
import { MIGRATIONS as PAPER } from "../../src/state/record/sqlite/paper/schema.ts";
import { SqliteSessions } from "../../src/state/shared/sqlite/sessions.ts";
import type { SqliteSessionsOptions } from "../../src/state/shared/sqlite/sessions.ts";
import { MIGRATIONS as SESSIONS } from "../../src/state/shared/sqlite/session_statements.ts";
import { openDatabase } from "../../src/state/sqlite.ts";

function fail(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  queueMicrotask(() => {
    throw new Error("boom");
  });
}

/** An engine as it is, but for one operation. */
function faulty<Options, Engine extends { renewed(): Engine; close(): void }>(
  Sound: new (database: DatabaseSync, options: Options) => Engine,
  operation: keyof Engine,
) {
  const open = (database: DatabaseSync, options: Options): Engine => {
    const engine = new Sound(database, options);
    const renewed = engine.renewed.bind(engine);
    const own = {
      [operation]: () => fail(database),
      renewed() {
        renewed();
        return open(database, options);
      },
    };
    // Operations are those of an engine's class.
    return Object.setPrototypeOf(engine, Object.setPrototypeOf(own, Object.getPrototypeOf(engine)));
  };
  return open;
}

serveEngines({
  keys: (options: SqliteKeysOptions) =>
    Promise.resolve(faulty(SqliteKeys, "list")(openDatabase(options.path, { migrations: KEYS }), options)),
  paper: (options: SqlitePaperLedgerOptions) =>
    Promise.resolve(
      faulty(SqlitePaperLedger, "trades")(openDatabase(options.path, { migrations: PAPER, durable: true }), options),
    ),
  sessions: (options: SqliteSessionsOptions) =>
    Promise.resolve(
      faulty(SqliteSessions, "touch")(openDatabase(options.path, { migrations: SESSIONS, expendable: true }), options),
    ),
});
