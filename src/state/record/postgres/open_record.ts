/** Opens the trading record of a database that several servers share. */

import { reasonOf } from "../../../errors/reason_of.ts";
import type { InstanceFacts } from "../../../trading/record/instances.ts";
import type { TradingRecord } from "../../../trading/record/trading_record.ts";
import { createRedactor } from "../../../secrets/redaction.ts";
import type { DatabaseAccess } from "../../database_address.ts";
import { readText } from "../../row.ts";
import { StateError } from "../../state_error.ts";
import { makeFolder } from "../../state_folder.ts";
import { waitWhileBusy } from "../../wait_while_busy.ts";
import type { BusyOptions } from "../../wait_while_busy.ts";
import { PostgresAccounts } from "./accounts.ts";
import { PostgresApprovals } from "./approvals.ts";
import { PostgresArchive } from "./archive.ts";
import { PostgresAudit } from "./audit.ts";
import { PostgresFeed } from "./audit_feed.ts";
import { PostgresCallClaims } from "./call_claims.ts";
import { PostgresCancelRequests } from "./cancel_requests.ts";
import { Database } from "./database.ts";
import { PostgresDialogs } from "./dialogs.ts";
import { PostgresHalts } from "./halts.ts";
import { CLOCK_TOLERANCE_MS, PostgresInstances, renewLease } from "./instances.ts";
import { PostgresJournal } from "./journal.ts";
import { Lease } from "./lease.ts";
import { prepareTables } from "./migrate.ts";
import { PostgresPreviews } from "./previews.ts";
import { RecordConnection } from "./record_connection.ts";
import { PostgresPublishedFiles } from "./published_files.ts";
import { PostgresReplacementClaims } from "./replacement_claims.ts";
import { SeenHead } from "./seen_head.ts";
import { readPlace } from "./state_place.ts";

/** How to open it, and how long to wait while others change its tables. */
export interface OpenPostgresRecordOptions extends Omit<BusyOptions, "path"> {
  /** The state folder of this machine, for the halt file and archive files. */
  readonly folder: string;
  /** `write` creates what is missing. `read` changes nothing and requires the tables of this version. */
  readonly mode: "write" | "read";
  /** As in `PrepareOptions`. @default true */
  readonly mayOvertake?: boolean | undefined;
  /**
   * Texts that the record must not contain.
   *
   * @default none
   */
  readonly secrets?: readonly string[] | undefined;
  /**
   * How long an operation waits for others, in milliseconds.
   *
   * @default {2_000}
   */
  readonly patienceMs?: number;
  /** Wall clock, milliseconds since the Unix epoch; without it clocks are not compared. */
  readonly now?: () => number;
}

/** Creates a connection to the database; for tests. */
export type MakeDatabase = typeof Database;

const PATIENCE_MS = 2_000;
const READERS = 3;

/**
 * Opens it, with at most four connections.
 *
 * @throws {StateError} when it cannot be used; `ERR_STATE_BUSY` when its tables stayed locked
 */
export async function openPostgresRecord(
  access: DatabaseAccess,
  { folder, mode, mayOvertake, secrets = [], patienceMs = PATIENCE_MS, now, ...waiting }: OpenPostgresRecordOptions,
  Writer: MakeDatabase = Database,
): Promise<TradingRecord> {
  const reader = new Database(access, { maxConnections: READERS });
  let [seen, place] = [SeenHead.forget(), ""];
  try {
    const prepare = () => prepareTables(reader, { mayChange: mode === "write", mayOvertake });
    await waitWhileBusy(prepare, { ...waiting, path: reader.name });
    if (mode === "write") seen = await openSeen(reader, folder);
    place = inFolder(folder, () => readPlace(folder, mode));
  } catch (error) {
    await reader.close();
    throw error;
  }
  const writer = mode === "write" ? new Writer(access, { maxConnections: 1 }) : undefined;
  const redact = createRedactor(secrets);
  const connection = new RecordConnection({ seen, writer, reader, redact, patienceMs, monotonic: waiting.monotonic });
  const calls = new PostgresCallClaims(connection);
  const renew = async (facts: InstanceFacts) => {
    const now = await renewLease(connection, facts);
    // The next renewal tries both again.
    void calls.releaseAgain().catch(() => {});
    void connection.look().catch(() => {});
    return now;
  };
  const lease = new Lease({ renew, now, toleranceMs: CLOCK_TOLERANCE_MS });
  const halts = new PostgresHalts(connection, { folder, place, redact });
  return {
    journal: new PostgresJournal(connection, { halts, checkClock: () => lease.checkClock() }),
    accounts: new PostgresAccounts(connection),
    replacements: new PostgresReplacementClaims(connection),
    calls,
    previews: new PostgresPreviews(connection, { redact }),
    approvals: new PostgresApprovals(connection),
    dialogs: new PostgresDialogs(connection, { redact }),
    halts,
    cancelRequests: new PostgresCancelRequests(connection),
    instances: new PostgresInstances(connection, { lease }),
    audit: new PostgresAudit(connection, { folder }),
    feed: new PostgresFeed(connection),
    archive: new PostgresArchive(connection, { folder }),
    published: new PostgresPublishedFiles(connection),
    async close() {
      await lease.close();
      await connection.close();
    },
  };
}

/** What was seen of this database, from a state folder that is created if it is missing. */
async function openSeen(reader: Database, folder: string): Promise<SeenHead> {
  const [row = {}] = await reader.read("SELECT id FROM key_store");
  return inFolder(folder, () => {
    makeFolder(folder);
    return SeenHead.open(folder, readText(row, "id"));
  });
}

/**
 * Uses the state folder.
 *
 * @throws {StateError} when it cannot be used
 */
function inFolder<Result>(path: string, use: () => Result): Result {
  try {
    return use();
  } catch (error) {
    throw new StateError(`Cannot use the state folder: ${reasonOf(error)}`, { path, cause: error });
  }
}
