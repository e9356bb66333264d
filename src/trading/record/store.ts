/**
 * The trading record: `trading.db` in the state folder, on durable storage.
 *
 * The server and the commands `kill`, `approve` and `audit` open it at the same time. A change and its audit row are
 * one transaction, so that the journal and the audit cannot differ.
 */

import { join } from "node:path";
import { cleanText } from "../../text/clean_text.ts";
import type { Redact } from "../../secrets/redaction.ts";
import { openDatabase, readText } from "../../state/sqlite.ts";
import { Approvals } from "./approvals.ts";
import { ArchiveError, readArchiveFiles } from "./archive_files.ts";
import { Audit } from "./audit.ts";
import type { Verification, VerifyOptions } from "./audit.ts";
import { AuditFeed } from "./audit_feed.ts";
import { CancelRequests } from "./cancel_requests.ts";
import { CallClaims } from "./call_claims.ts";
import { Instances } from "./instances.ts";
import { Journal } from "./journal.ts";
import { KillSwitch } from "./kill_switch.ts";
import { readLimitsUsed } from "./limit_use.ts";
import type { LimitsUsed } from "./limit_use.ts";
import { RecordArchive } from "./archive.ts";
import { RecordCheck } from "./check.ts";
import { MIGRATIONS } from "./schema.ts";
import { StoreConnection } from "./store_connection.ts";
import { StoreError } from "./store_error.ts";

/** The database's name in the state folder. */
export const TRADING_DATABASE = "trading.db";

/** How to open a {@linkcode TradingStore}. */
export interface StoreOptions {
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** Creates and changes nothing. @default false */
  readonly readOnly?: boolean;
  /** Hides secrets in the texts that the record keeps. @default nothing is hidden */
  readonly redact?: Redact;
}

/** The journal, the audit, the kill switch, the approvals and the instances of one state folder. */
export class TradingStore {
  readonly journal: Journal;
  readonly audit: Audit;
  /** What was recorded lately. */
  readonly feed: AuditFeed;
  readonly killSwitch: KillSwitch;
  readonly cancelRequests: CancelRequests;
  readonly approvals: Approvals;
  readonly instances: Instances;
  readonly archive: RecordArchive;
  /** Calls with an idempotency key that are running. */
  readonly calls: CallClaims;
  /** The wall clock that rows are dated by. */
  readonly now: () => number;
  readonly #connection: StoreConnection;
  readonly #folder: string;

  private constructor(
    connection: StoreConnection,
    { folder, now, redact = (text) => text }: { folder: string; now: () => number; redact?: Redact | undefined },
  ) {
    this.#connection = connection;
    this.#folder = folder;
    this.now = now;
    this.audit = new Audit(connection, redact);
    this.archive = new RecordArchive(connection, { audit: this.audit, folder });
    this.instances = new Instances(connection, { folder });
    this.cancelRequests = new CancelRequests(connection, { audit: this.audit, instances: this.instances });
    this.killSwitch = new KillSwitch(connection, { audit: this.audit, requests: this.cancelRequests, folder, redact });
    this.approvals = new Approvals(connection, { audit: this.audit });
    const { audit, killSwitch, instances } = this;
    this.calls = new CallClaims(connection, { instances });
    this.journal = new Journal(connection, { audit, killSwitch, instances });
    this.feed = new AuditFeed(connection, { audit, placements: this.journal });
  }

  /**
   * Opens the record of a state folder; unless it is only read, a missing one is created.
   *
   * @throws {StateError} it cannot be opened, or a newer version of this program has written it
   */
  static open(folder: string, { now, readOnly = false, redact }: StoreOptions): TradingStore {
    const database = openDatabase(join(folder, TRADING_DATABASE), { migrations: MIGRATIONS, durable: true, readOnly });
    return new TradingStore(new StoreConnection(database), { folder, now, redact });
  }

  /** What each identity has used of its limits at a wall time. @throws {StoreError} */
  limitsUsed(now: number): LimitsUsed[] {
    return readLimitsUsed(this.#connection, now);
  }

  /**
   * Runs `body` as one change: kept whole when it returns, undone when it throws. It must not wait for anything.
   *
   * @throws {StoreError} the record cannot be written; nothing of it was
   */
  transaction<Result>(body: () => Result): Result {
    return this.#connection.transaction(body);
  }

  /**
   * Checks every row of the audit, those in archive files too, and holds the tables against them.
   *
   * @param options `expectedHead`: a head that was kept elsewhere; its row must be there
   * @throws {StoreError} the file cannot be read
   */
  verify({ expectedHead }: Pick<VerifyOptions, "expectedHead"> = {}): Verification {
    try {
      return this.#connection.snapshot(() => this.#verify(expectedHead));
    } catch (error) {
      if (error instanceof ArchiveError) return { ok: false, row: null, reason: error.message };
      if (!(error instanceof StoreError) || error.failure !== "damaged") throw error;
      const cause = error.cause instanceof Error ? error.cause.message : "a required row is missing";
      return { ok: false, row: null, reason: damaged(cause) };
    }
  }

  #verify(expectedHead: string | undefined): Verification {
    const damage = this.#connection.row("PRAGMA integrity_check(1)")?.["integrity_check"];
    if (damage !== "ok") return { ok: false, row: null, reason: damaged(cleanText(String(damage))) };
    const check = new RecordCheck(this.#connection);
    const { seq, keptFrom } = this.audit.start();
    const archived = readArchiveFiles(this.#folder, seq);
    const verified = this.audit.verify({ expectedHead, archived, visit: (row) => check.add(row) });
    const contradiction = verified.ok ? check.compare({ keptAfter: seq, keptFrom }) : undefined;
    return contradiction === undefined ? verified : { ok: false, ...contradiction };
  }

  /** Makes the record one of this exchange's orders, unless it is another one's: then answers which one's. */
  claim(venue: string): string | undefined {
    return this.transaction(() => {
      this.#connection.run("INSERT INTO venue (id, name) VALUES (1, ?) ON CONFLICT DO NOTHING", venue);
      const name = this.venue();
      return name === venue ? undefined : name;
    });
  }

  /** Which exchange's orders the record holds; `undefined` before it was claimed. @throws {StoreError} */
  venue(): string | undefined {
    const row = this.#connection.row("SELECT name FROM venue WHERE id = 1");
    return row === undefined ? undefined : readText(row, "name");
  }

  /** Gives the file back; a store that was closed is of no use. */
  close(): void {
    this.#connection.close();
  }
}

function damaged(cause: string): string {
  return `the file is damaged (${cause}): restore it from a backup`;
}
