/**
 * Moves old data out of the record: audit rows into archive files, which `audit verify` reads with the rest; final
 * placements and past daily sums are deleted, as the rows contain them.
 */

import { DAY_MS, startOfUtcDay } from "../policy/limits.ts";

/** What is old, and how much to move at most. */
export interface ArchiveOptions {
  /** Whole UTC days to keep beside the current one. */
  readonly days: number;
  /** Wall milliseconds. */
  readonly now: number;
  /**
   * The most files of 5,000 rows, and thousands of placements.
   *
   * @default {Infinity}
   */
  readonly maxFiles?: number;
}

/** The most placements that one transaction deletes, so that orders do not wait long for it. */
export const FORGOTTEN_AT_ONCE = 1_000;

/** What was moved. */
export interface Archived {
  /** Rows that this run moved into files. */
  readonly rows: number;
  /** Names of the new files in the folder `archive`. */
  readonly files: readonly string[];
  /** Deleted placements. */
  readonly placements: number;
}

/** An archive file that cannot be used; the message says why. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** The old part of one record. */
export interface RecordArchive {
  /**
   * Archives rows older than this many whole UTC days, and deletes orders that are as many days older than the last
   * order. Rows are moved in sequence, so a younger row keeps all rows after it. A file is synced before its rows are
   * deleted; several processes may run this concurrently.
   *
   * @throws {StoreError} when the record cannot be written
   * @throws {ArchiveError} when an archive file cannot be written; its rows stay
   */
  run(options: ArchiveOptions): Promise<Archived>;
}

/** Rows from this time on are kept. */
export function keptFrom({ days, now }: Pick<ArchiveOptions, "days" | "now">): number {
  return startOfUtcDay(now) - days * DAY_MS;
}

/**
 * Placements and sums from this time on are kept; `lastTradedAt`: when the last real order began, by a clock that was
 * compared with the exchange's. Even if our clock is far ahead, today's keys and sums must stay.
 */
export function forgottenBefore(
  options: Pick<ArchiveOptions, "days" | "now">,
  lastTradedAt: number | undefined,
): number {
  const lastDay = lastTradedAt === undefined ? Infinity : startOfUtcDay(lastTradedAt);
  return Math.min(keptFrom(options), lastDay - options.days * DAY_MS);
}
