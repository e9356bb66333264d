/**
 * Opens the record of the present exchange and registers this process in it. All of that may have to wait for another
 * process that has locked the record.
 */

import { join } from "node:path";
import { readDatabaseAccess } from "../config/database_access.ts";
import { secretTexts } from "../config/load.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { Config } from "../config/server_settings.ts";
import { getLogger } from "../logging/logger.ts";
import { databaseName } from "../state/database_address.ts";
import { networkFileSystem } from "../state/network_file_system.ts";
import type { OpenPostgresRecordOptions } from "../state/record/postgres/open_record.ts";
import { openRecord } from "../state/record/sqlite/open_record.ts";
import { TRADING_DATABASE } from "../state/record/sqlite/trading_database.ts";
import { StateError } from "../state/state_error.ts";
import type { ExecutorInstance } from "../trading/execution/executor_parts.ts";
import { MAIN_ACCOUNT } from "../trading/orders/trading_account.ts";
import type { AccountBinding } from "../trading/record/accounts.ts";
import { ArchiveError } from "../trading/record/archive.ts";
import { lateRecord } from "../trading/record/late_record.ts";
import { StoreError } from "../trading/record/store_error.ts";
import type { TradingRecord } from "../trading/record/trading_record.ts";
import type { World } from "../world.ts";
import { enterFolder } from "./instances/presence.ts";
import type { Presence } from "./instances/presence.ts";
import { RecordInstance } from "./instances/record_instance.ts";
import { venueOf } from "./record_venue.ts";

const log = getLogger(["luno-mcp-server", "trading"]);

/**
 * The most archive files (5,000 rows each) that a start writes, so that it takes little time; `audit archive` writes
 * all.
 */
const ARCHIVE_FILES_AT_START = 20;

/** Paper accounts belong to no exchange. */
const BOUND: AccountBinding = { ok: true };

/** Options of the entry. */
export interface RecordEntryOptions {
  readonly loaded: LoadedConfig;
  readonly world: World;
  /** A server takes over what ended processes left unfinished, and cleans up. */
  readonly isServer: boolean;
  /** Ids of the accounts whose orders this process can look up and cancel; called once the record is prepared. */
  readonly accounts: () => readonly string[];
  /** Reads what is needed from the record before this process is registered; returns the problems. */
  readonly prepare: (record: TradingRecord) => Promise<readonly string[]>;
}

/** The record, or every problem. */
export type Entered = { readonly ok: true; readonly record: TradingRecord } | {
  readonly ok: false;
  readonly problems: readonly string[];
};

/** One process's registration, from its beginning to its end. */
export class RecordEntry implements ExecutorInstance {
  /** Settles when this process is registered, or cannot be. Never rejects because of the record. */
  readonly entered: Promise<Entered>;
  /** Settles when it is known that this takes a while. */
  readonly waits: Promise<void>;
  readonly #folder: string;
  readonly #options: RecordEntryOptions;
  readonly #waiting = Promise.withResolvers<void>();
  readonly #leaving = new AbortController();
  #presence: Presence | undefined;
  #instance: RecordInstance | undefined;

  constructor(folder: string, options: RecordEntryOptions) {
    this.#folder = folder;
    this.#options = options;
    this.waits = this.#waiting.promise;
    this.entered = this.#enter();
  }

  /**
   * This process in the state folder.
   *
   * @throws {StateError} when it cannot be locked, which orders require
   */
  get presence(): Presence {
    const { loaded, world, isServer } = this.#options;
    return this.#presence ??= enterFolder(loaded, world, { isServer, isNeeded: true });
  }

  /** Locks this process's file in the state folder before the record, or returns why that is not possible. */
  lockProblems(): string[] {
    try {
      this.presence;
      return [];
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      return [`--state: ${error.message}`];
    }
  }

  get id(): string {
    return this.#lock.id;
  }

  /** @throws {StoreError} */
  async takeOver(): Promise<number> {
    if (this.#instance === undefined) throw new StoreError("busy");
    return this.#options.isServer ? await this.#instance.takeOver(this.#options.accounts()) : 0;
  }

  /** The record for code that runs before it is open. */
  late(): TradingRecord {
    return lateRecord(this.entered.then((entered) => {
      if (entered.ok) return entered.record;
      throw new StoreError("closed");
    }));
  }

  /** Stops waiting. */
  stopWaiting(): void {
    this.#leaving.abort();
  }

  /** Closes the record after the operations requested before. */
  async leave(): Promise<void> {
    this.stopWaiting();
    const entered = await this.entered;
    await this.#instance?.end();
    await Promise.all([this.#presence?.end(), entered.ok ? entered.record.close() : undefined]);
  }

  get #lock() {
    const { lock } = this.presence;
    if (lock === undefined) throw new TypeError("Cannot enter the record without a lock");
    return lock;
  }

  async #enter(): Promise<Entered> {
    const { loaded, world: { now }, prepare } = this.#options;
    const { stateUrl, recordRetention } = loaded.config;
    let record: TradingRecord | undefined;
    try {
      record = await this.#open();
      const venue = venueOf(loaded);
      const binding = venue === undefined ? BOUND : await record.accounts.bind(MAIN_ACCOUNT.id, venue);
      if (!binding.ok) return await this.#refused(record, [this.#isAnothers(venue, binding)]);
      const problems = await prepare(record);
      if (problems.length > 0) return await this.#refused(record, problems);
      await this.#enterInstance(record);
      // Archive files are on one machine: when several share the record, its operator chooses which.
      const days = stateUrl === undefined ? recordRetention : undefined;
      if (this.#options.isServer) await tidy(record, { days, now: now() });
      return { ok: true, record };
    } catch (error) {
      if (!(error instanceof StateError || error instanceof StoreError)) throw error;
      const place = stateUrl === undefined ? "--state" : "--state-url";
      return await this.#refused(record, [`${place}: ${error.message}`]);
    }
  }

  async #open(): Promise<TradingRecord> {
    const { loaded: { config, credentials }, world: { monotonic, now, shutdown } } = this.#options;
    const { stateTimeout, stateUrl } = config;
    const path = stateUrl === undefined ? join(this.#folder, TRADING_DATABASE) : databaseName(stateUrl);
    const onWait = () => {
      log.warning("waiting for the trading database, which another process keeps locked", {
        path,
        timeout_s: stateTimeout,
      });
      this.#waiting.resolve();
    };
    const signal = AbortSignal.any([shutdown, this.#leaving.signal]);
    const waiting = { timeoutMs: stateTimeout * 1_000, monotonic, signal, onWait };
    const options = { folder: this.#folder, mode: "write" as const, secrets: secretTexts(credentials), ...waiting };
    if (stateUrl !== undefined) {
      return await openShared(config, { ...options, now, mayOvertake: this.#options.isServer });
    }
    const record = await openRecord(options);
    await warnOfNetwork(this.#folder);
    return record;
  }

  async #enterInstance({ instances }: TradingRecord): Promise<void> {
    const { world, isServer, accounts } = this.#options;
    const command = isServer ? "serve" : "call";
    const facts = { pid: Deno.pid, command, startedAt: world.now(), cancels: isServer ? accounts() : [] };
    this.#instance = await RecordInstance.enter(instances, { ...facts, lock: this.#lock });
  }

  #isAnothers(venue: string | undefined, binding: Exclude<AccountBinding, { readonly ok: true }>): string {
    const other = "exchange" in binding ? binding.exchange : `another account (${binding.account})`;
    if (this.#options.loaded.config.stateUrl !== undefined) {
      return `--state-url: expected the database of ${venue}: it is of ${other}: use another database`;
    }
    return `--state: expected the trading database of ${venue}: the one in ${this.#folder} is of ${other}: ` +
      "use another folder";
  }

  async #refused(record: TradingRecord | undefined, problems: readonly string[]): Promise<Entered> {
    await this.#presence?.end();
    await record?.close();
    return { ok: false, problems };
  }
}

/**
 * The record in the database that several servers share.
 *
 * @throws {StateError}
 */
async function openShared(config: Config, options: OpenPostgresRecordOptions): Promise<TradingRecord> {
  const problems: string[] = [];
  const access = await readDatabaseAccess(config, problems);
  if (access === undefined) throw new StateError(problems.join("; "), { path: "--state-url" });
  const { openPostgresRecord } = await import("../state/record/postgres/open_record.ts");
  return await openPostgresRecord(access, options);
}

async function warnOfNetwork(folder: string): Promise<void> {
  const network = await networkFileSystem(folder);
  if (network === undefined) return;
  log.warning("state folder is on a network file system, where locks and power loss can damage it; use a local disk", {
    folder,
    file_system: network,
  });
}

/** Removes what ended processes held, and archives old data; a failure does not prevent trading. */
async function tidy(
  { archive, calls }: TradingRecord,
  { days, now }: { days: number | undefined; now: number },
): Promise<void> {
  try {
    await calls.clear();
    if (days === undefined) return;
    const { rows, placements } = await archive.run({ days, now, maxFiles: ARCHIVE_FILES_AT_START });
    if (rows > 0) log.info("old records archived", { rows, orders: placements });
  } catch (error) {
    if (!(error instanceof ArchiveError || error instanceof StoreError)) throw error;
    log.error("cannot clean up the trading database", { error });
  }
}
