/**
 * The trading record in SQLite: `trading.db` in the state folder, on durable storage. Several processes may have it
 * open. Every operation is one transaction, and returns when that is durable.
 */

import { join } from "node:path";
import { createRedactor } from "../../../secrets/redaction.ts";
import { inTransaction, openDatabase, undoTransaction } from "../../sqlite.ts";
import { answering } from "./answering.ts";
import { SqliteAccounts } from "./accounts.ts";
import { SqliteApprovals } from "./approvals.ts";
import { SqliteArchive } from "./archive.ts";
import { SqliteAudit } from "./audit.ts";
import { SqliteFeed } from "./audit_feed.ts";
import { AuditRows } from "./audit_rows.ts";
import { SqliteCallClaims } from "./call_claims.ts";
import { SqliteCancelRequests } from "./cancel_requests.ts";
import { RecordConnection } from "./connection.ts";
import { SqliteDialogs } from "./dialogs.ts";
import type { DatabaseSync } from "node:sqlite";
import { SqliteHalts } from "./halts.ts";
import { SqliteInstances } from "./instances.ts";
import { SqliteJournal } from "./journal.ts";
import { JournalReads } from "./journal_reads.ts";
import { SqlitePreviews } from "./previews.ts";
import { MIGRATIONS } from "./record_schema.ts";
import { SqlitePublishedFiles } from "./published_files.ts";
import { SqliteReplacementClaims } from "./replacement_claims.ts";
import { checkExpectedRecord, expectRecord } from "./expected_record.ts";
import { TRADING_DATABASE } from "./trading_database.ts";

/** How to open a record. */
export interface SqliteRecordOptions {
  /** The state folder. */
  readonly folder: string;
  /** `write` creates what is missing. `read` changes nothing and requires the schema of this version. */
  readonly mode: "write" | "read";
  /**
   * Texts that the record must not contain.
   *
   * @default none
   */
  readonly secrets?: readonly string[];
  /**
   * How long a statement waits for another process that writes, in milliseconds.
   *
   * @default {250}
   */
  readonly busyMs?: number;
}

/** How long an operation waits for another process; callers that can wait longer retry. */
const BUSY_MS = 250;

/** All parts of the record of one state folder. */
export class SqliteRecord {
  readonly journal: SqliteJournal;
  readonly accounts: SqliteAccounts;
  readonly replacements: SqliteReplacementClaims;
  readonly calls: SqliteCallClaims;
  readonly previews: SqlitePreviews;
  readonly approvals: SqliteApprovals;
  readonly dialogs: SqliteDialogs;
  readonly halts: SqliteHalts;
  readonly cancelRequests: SqliteCancelRequests;
  readonly instances: SqliteInstances;
  readonly audit: SqliteAudit;
  readonly feed: SqliteFeed;
  readonly archive: SqliteArchive;
  readonly published: SqlitePublishedFiles;
  readonly #connection: RecordConnection;
  readonly #database: DatabaseSync;
  readonly #options: Pick<SqliteRecordOptions, "folder" | "secrets">;

  /** On a database with the schema of this version. */
  constructor(database: DatabaseSync, options: Pick<SqliteRecordOptions, "folder" | "secrets">) {
    const { folder, secrets = [] } = options;
    const connection = this.#connection = new RecordConnection(database);
    this.#database = database;
    this.#options = options;
    const redact = createRedactor(secrets);
    const rows = new AuditRows(connection, redact);
    const placements = new JournalReads(connection);
    this.accounts = new SqliteAccounts(connection);
    const instances = this.instances = new SqliteInstances(connection, { folder });
    const requests = this.cancelRequests = new SqliteCancelRequests(connection, { audit: rows, instances });
    this.halts = new SqliteHalts(connection, { audit: rows, requests, placements, folder, redact });
    this.replacements = new SqliteReplacementClaims(connection, { instances, placements });
    this.calls = new SqliteCallClaims(connection, { instances });
    this.audit = new SqliteAudit(connection, { rows, folder });
    const previews = this.previews = new SqlitePreviews(connection, { rows, redact });
    this.approvals = new SqliteApprovals(connection, { audit: rows, previews });
    this.dialogs = new SqliteDialogs(connection, { rows, previews, redact });
    const published = this.published = new SqlitePublishedFiles(connection, { audit: rows });
    const { halts, replacements } = this;
    const parts = { audit: rows, halts, instances, previews, published, replacements };
    this.journal = new SqliteJournal(connection, parts);
    this.feed = new SqliteFeed(connection, { rows, placements });
    this.archive = new SqliteArchive(connection, { rows, folder });
  }

  /**
   * Opens the record of a state folder.
   *
   * @throws {StateError} when it cannot be opened, is gone, or was written by a newer version of this program
   */
  static open(options: SqliteRecordOptions): SqliteRecord {
    const { folder, mode, busyMs = BUSY_MS } = options;
    const path = join(folder, TRADING_DATABASE);
    checkExpectedRecord(folder);
    const database = openDatabase(path, {
      migrations: MIGRATIONS,
      durable: true,
      readOnly: mode !== "write",
      busyMs,
    });
    try {
      // Opening for writing must fail at once when another process has locked it.
      if (mode === "write") answering(path, () => inTransaction(database, MIGRATIONS, () => {}));
      if (mode === "write") expectRecord(folder);
    } catch (error) {
      database.close();
      throw error;
    }
    return new SqliteRecord(database, options);
  }

  /** A new engine on the same database, after a fault; unfinished writes are rolled back. */
  renewed(): SqliteRecord {
    undoTransaction(this.#database);
    return new SqliteRecord(this.#database, this.#options);
  }

  /** Closes the file; the record cannot be used afterwards. Repeating it has no effect. */
  close(): void {
    this.#connection.close();
  }
}
