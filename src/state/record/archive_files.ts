/**
 * Archive files: audit rows that were moved out of the record, one JSON object per line, in the folder `archive` beside
 * it. Each is named after its first and last row and is never changed.
 */

import { join } from "node:path";
import { reasonOf } from "../../errors/reason_of.ts";
import { ArchiveError } from "../../trading/record/archive.ts";
import type { AuditRow } from "../../trading/record/audit_row.ts";
import { makeFolder } from "../state_folder.ts";

/** The folder's name in the state folder. */
export const ARCHIVE_FOLDER = "archive";

const NAME = /^audit-(\d{12})-(\d{12})\.jsonl$/;

/**
 * Writes consecutive rows to disk, atomically. Returns the file's name.
 *
 * @throws {ArchiveError} when the file cannot be written
 */
export function writeArchiveFile(stateFolder: string, rows: readonly AuditRow[]): string {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError("Cannot archive no rows");
  const folder = join(stateFolder, ARCHIVE_FOLDER);
  const name = `audit-${padded(first.seq)}-${padded(last.seq)}.jsonl`;
  try {
    makeFolder(folder);
    writeWhole(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    syncFolder(folder);
  } catch (error) {
    throw new ArchiveError(`the archive file ${join(folder, name)} cannot be written: ${reasonOf(error)}`);
  }
  return name;
}

/** Under a temporary name first, so that a file with the final name is complete. */
function writeWhole(path: string, text: string): void {
  const part = `${path}.${crypto.randomUUID()}.part`;
  const bytes = new TextEncoder().encode(text);
  try {
    {
      using file = Deno.openSync(part, { write: true, createNew: true, mode: 0o600 });
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      file.syncSync();
    }
    Deno.renameSync(part, path);
  } catch (error) {
    try {
      Deno.removeSync(part);
    } catch { /* It was never created. */ }
    throw error;
  }
}

/**
 * The rows of all archive files up to `through`, in sequence.
 *
 * @throws {ArchiveError} when a file cannot be read, or has other content
 */
export function* readArchiveFiles(stateFolder: string, through: number): Generator<AuditRow> {
  let last = 0;
  for (const name of namesIn(join(stateFolder, ARCHIVE_FOLDER))) {
    for (const row of rowsOf(join(stateFolder, ARCHIVE_FOLDER, name))) {
      // After a crash before rows were deleted, the next file contains the rows of this one too.
      if (row.seq <= last || row.seq > through) continue;
      last = row.seq;
      yield row;
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isFile, name }) => isFile && NAME.test(name)).map(({ name }) => name)
      .toSorted();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new ArchiveError(`the archive ${folder} cannot be read: ${reasonOf(error)}`);
  }
}

function rowsOf(path: string): AuditRow[] {
  try {
    return Deno.readTextFileSync(path).split("\n").filter((line) => line !== "").map(parseRow);
  } catch (error) {
    throw new ArchiveError(`the archive file ${path} cannot be read: ${reasonOf(error)}`);
  }
}

function parseRow(line: string): AuditRow {
  const { seq, at, identity, event, clientOrderId, orderId, data, previous, hash, venue = null, account = null } = JSON
    .parse(line);
  const isRow = [seq, at].every(Number.isSafeInteger) &&
    [identity, event, data, previous, hash].every((value) => typeof value === "string") &&
    [clientOrderId, orderId, venue, account].every((value) => value === null || typeof value === "string");
  if (!isRow) throw new TypeError("a line is no row of the audit");
  return { seq, at, identity, event, clientOrderId, orderId, data, previous, hash, venue, account };
}

/** A file's name is durable once its folder is synced, if the system can do that. */
function syncFolder(folder: string): void {
  if (Deno.build.os === "windows") return;
  using handle = Deno.openSync(folder, { read: true });
  handle.syncSync();
}

function padded(seq: number): string {
  return String(seq).padStart(12, "0");
}
