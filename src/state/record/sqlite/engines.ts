/** The engines that an SQLite worker can run; each is loaded when it is opened. */

import type { SqliteKeys, SqliteKeysOptions } from "./keys.ts";
import type { SqlitePaperLedger, SqlitePaperLedgerOptions } from "./paper/ledger.ts";
import type { SqliteRecord, SqliteRecordOptions } from "./record.ts";

/** By name. */
export const ENGINES = {
  keys: async (options: SqliteKeysOptions): Promise<SqliteKeys> => (await import("./keys.ts")).SqliteKeys.open(options),
  paper: async (options: SqlitePaperLedgerOptions): Promise<SqlitePaperLedger> =>
    (await import("./paper/ledger.ts")).SqlitePaperLedger.open(options),
  record: async (options: SqliteRecordOptions): Promise<SqliteRecord> =>
    (await import("./record.ts")).SqliteRecord.open(options),
};
