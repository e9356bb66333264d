/**
 * Opens SQLite databases: inaccessible to others, and upgraded to the schema of this version.
 *
 * The runtime checks its permissions only while a database is opened, so the program may drop them afterwards.
 */

import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { StatementSync } from "node:sqlite";
import { reasonOf } from "../errors/reason_of.ts";
import { fileProblems } from "./private_file.ts";
import { readNumber } from "./row.ts";
import { outdatedError, sqliteFailure, StateError } from "./state_error.ts";
import { folderProblems } from "./state_folder.ts";

/** How to open a database. */
export interface DatabaseOptions {
  /** Statements that upgrade version `i` of the schema to `i + 1`. */
  readonly migrations: readonly string[];
  /**
   * Creates and changes nothing; the schema must be of this version.
   *
   * @default false
   */
  readonly readOnly?: boolean;
  /**
   * Makes commits survive a power failure, and allows concurrent reads.
   *
   * @default false
   */
  readonly durable?: boolean;
  /**
   * Used by one process only, and not needed after a power failure: commits do not wait for the disk.
   *
   * @default false
   */
  readonly expendable?: boolean;
  /**
   * How long a statement waits for another process that writes, in milliseconds.
   *
   * @default 5_000
   */
  readonly busyMs?: number;
}

const BUSY_MS = 5_000;

/**
 * Opens a database; unless it is read only, a missing one is created, accessible only to its owner. One that is
 * accessible to others, belongs to another user or is a link is rejected before anything is written.
 *
 * @throws {StateError}
 */
export function openDatabase(path: string, options: DatabaseOptions): DatabaseSync {
  const { readOnly = false, durable = false, expendable = false, migrations, busyMs = BUSY_MS } = options;
  let database: DatabaseSync | undefined;
  try {
    checkFiles(path);
    if (!readOnly) createFile(path);
    const couldWrite = readOnly && durable && canTidy(path);
    // An absolute path cannot be taken for a URI.
    database = new DatabaseSync(resolve(path), {
      readOnly: readOnly && !couldWrite,
      timeout: busyMs,
      enableForeignKeyConstraints: true,
    });
    if (couldWrite) database.exec("PRAGMA query_only = ON");
    if (durable && !readOnly) makeDurable(database, path);
    // The lock is taken by the first statement, and kept.
    if (expendable) {
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    }
    checkVersion(database, { path, known: migrations.length, readOnly });
    if (!readOnly) migrate(database, { path, migrations });
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StateError) throw error;
    const reason = reasonOf(error);
    throw new StateError(`Cannot open ${path} as a database: ${reason}`, {
      path,
      failure: sqliteFailure(reason),
      cause: error,
    });
  }
}

/**
 * Enables write-ahead logging, with each commit synced before it returns.
 *
 * @throws {StateError} when the file system does not support that
 */
export function makeDurable(database: DatabaseSync, path: string): void {
  const { journal_mode: mode } = database.prepare("PRAGMA journal_mode = WAL").get() ?? {};
  if (mode !== "wal") {
    throw new StateError(
      `Cannot open ${path} as its file system lets SQLite keep no write-ahead log: ` +
        `its journal mode must be wal: current value is ${String(mode)}: use a folder on a local disk`,
      { path },
    );
  }
  // On macOS, fsync() leaves data in the drive's cache; elsewhere the last two pragmas have no effect.
  database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1");
}

/** Rolls back an abandoned transaction, if there is one. */
export function undoTransaction(database: DatabaseSync): void {
  if (database.isTransaction) database.exec("ROLLBACK");
}

/** Whether a newer version of this program has changed the tables of a database that is open. */
export function isOutdated(database: DatabaseSync, migrations: readonly string[]): boolean {
  return versionOf(database) > migrations.length;
}

/**
 * Runs `body` with nobody else writing; what it wrote is kept whole, or not at all when it throws. Another program on the same
 * file may be newer than this one: on tables that are not those of `migrations` any more, nothing is written.
 *
 * @throws {StateError} `outdated`
 */
export function inTransaction<Result>(
  database: DatabaseSync,
  migrations: readonly string[],
  body: () => Result,
): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    if (isOutdated(database, migrations)) throw outdatedError(database.location() ?? "a database");
    const result = body();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    undoTransaction(database); // SQLite itself rolls back after some failures.
    throw error;
  }
}

/** The files that belong to a database: SQLite writes them and trusts their content. */
const SIDE_FILES = ["-wal", "-shm", "-journal"];

/** @throws {StateError} when other users could read or change the files, or one is a link */
function checkFiles(path: string): void {
  const problems = folderProblems(dirname(path));
  for (const file of [path, ...SIDE_FILES.map((end) => `${path}${end}`)]) {
    const info = lookAt(file);
    if (info !== undefined) problems.push(...fileProblems(file, info, { as: "record" }));
  }
  if (problems.length > 0) throw new StateError(problems.join("; "), { path });
}

/**
 * Whether a read-only database is opened so that SQLite may remove the side files that it creates: a connection that
 * cannot write leaves them behind.
 */
function canTidy(path: string): boolean {
  const mayWrite = Deno.permissions.querySync({ name: "write", path }).state === "granted";
  return mayWrite && lookAt(path) !== undefined && lookAt(`${path}-wal`) === undefined;
}

/** Follows no link. */
function lookAt(file: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function createFile(path: string): void {
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (lookAt(path) !== undefined) return;
  try {
    // Fails at a link that was created meanwhile, as exclusive creation does.
    Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  checkFiles(path);
}

function migrate(
  database: DatabaseSync,
  { path, migrations }: { path: string; migrations: readonly string[] },
): void {
  const known = migrations.length;
  if (versionOf(database) === known) return;
  inTransaction(database, migrations, () => {
    checkVersion(database, { path, known, readOnly: false }); // Another process may have been faster.
    for (const statements of migrations.slice(versionOf(database))) database.exec(statements);
    database.exec(`PRAGMA user_version = ${known}`);
  });
}

function checkVersion(
  database: DatabaseSync,
  { path, known, readOnly }: { path: string; known: number; readOnly: boolean },
): void {
  const version = versionOf(database);
  if (version > known) {
    throw new StateError(
      `Cannot open ${path} as it was written by a newer version of this program: its schema is ${version}, ` +
        `known is ${known}: use that version, or another --state folder`,
      { path },
    );
  }
  if (readOnly && version < known) {
    throw new StateError(
      `Cannot open ${path} to read as its schema is ${version}, known is ${known}: ` +
        "run a command that writes to it first",
      { path },
    );
  }
}

/** Asked in every transaction, so prepared once for each database. */
const VERSIONS = new WeakMap<DatabaseSync, StatementSync>();

function versionOf(database: DatabaseSync): number {
  const version = VERSIONS.getOrInsertComputed(database, () => database.prepare("PRAGMA user_version"));
  return readNumber(version.get(), "user_version");
}
