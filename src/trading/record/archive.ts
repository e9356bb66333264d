/**
 * What is old moves out of the record: rows of the audit into archive files, which `audit verify` reads with the rest;
 * placements that are final and sums of past days are forgotten, as the rows tell of them.
 */

import { DAY_MS, startOfUtcDay } from "../policy/limits.ts";

/** What is old, and how much of it is moved at most. */
export interface ArchiveOptions {
  /** Whole UTC days that are kept beside the current one. */
  readonly days: number;
  /** Wall milliseconds. */
  readonly now: number;
  /** Files of 5,000 rows, and thousands of placements. @default {Infinity} */
  readonly maxFiles?: number;
}

/** Placements that one change forgets at most, so that orders need not wait long for it. */
export const FORGOTTEN_AT_ONCE = 1_000;

/** What was moved. */
export interface Archived {
  /** Rows that lie in files now, by this run. */
  readonly rows: number;
  /** Names of the new files in the folder `archive`. */
  readonly files: readonly string[];
  /** Placements that were forgotten. */
  readonly placements: number;
}

/** An archive file that cannot be used; the message says why. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

/** The old part of one record. */
export interface RecordArchive {
  /**
   * Archives what is older than so many whole UTC days, and forgets of orders what is older than so many days before the
   * last one. Rows leave in their order, so one that is younger keeps all behind it. A file is on the disk before its rows
   * leave the record; several processes may do this at the same time.
   *
   * @throws {StoreError} the record cannot be written
   * @throws {ArchiveError} an archive file cannot be written; its rows stay
   */
  run(options: ArchiveOptions): Promise<Archived>;
}

/** From when on rows are kept. */
export function keptFrom({ days, now }: Pick<ArchiveOptions, "days" | "now">): number {
  return startOfUtcDay(now) - days * DAY_MS;
}

/**
 * From when on placements and sums are kept; `lastTradedAt`: when the last order for real money began, by a clock that was
 * compared with the exchange's. Where ours is far ahead today's keys and sums must stay.
 */
export function forgottenBefore(
  options: Pick<ArchiveOptions, "days" | "now">,
  lastTradedAt: number | undefined,
): number {
  const lastDay = lastTradedAt === undefined ? Infinity : startOfUtcDay(lastTradedAt);
  return Math.min(keptFrom(options), lastDay - options.days * DAY_MS);
}
