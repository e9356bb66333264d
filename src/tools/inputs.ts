/** Parts of tool arguments that several tools share. */

import { z } from "zod";
import { ArgumentError } from "./tool.ts";

/** A pair as people write it; `Markets.resolve` understands it. */
export const PairText = z.string().min(3).max(40).describe("such as XBTZAR or BTC/ZAR");

/** A currency as people write it; `Markets.resolveCurrency` understands it. */
export const CurrencyText = z.string().min(2).max(20).describe("such as XBT, BTC or ZAR");

/** An account's id: digits, as a string because it exceeds 2^53. */
export const AccountId = z.string().regex(/^\d{1,19}$/, { error: "expected an account id of 1 to 19 digits" });

/** The last moment that a date can hold, in milliseconds since the Unix epoch. */
const LAST_MOMENT = 8_640_000_000_000_000;

/** From March 1973 to November 5138, what is a number of milliseconds can be no other unit of our time. */
const FIRST_MILLISECONDS = 100_000_000_000;
const LAST_MILLISECONDS = 100_000_000_000_000;

/** No two clocks that are set differ by as much. */
const MAX_AHEAD_MS = 3_600_000;

/** A day, or a time of day with or without a zone; `Date.parse` alone reads "yesterday 1" as well. */
const ISO_TIME = /^(\d{4}-\d{2}-(\d{2}))(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

const MOMENT_EXPECTED = "expected an ISO 8601 time or milliseconds since 1970";

/** A moment: ISO 8601 text or milliseconds since the Unix epoch. */
export const Moment = z.union([
  z.string().max(40, { error: momentExpected }),
  z.int({ error: momentExpected }).min(0, { error: momentExpected }).max(LAST_MOMENT, { error: momentExpected }),
], { error: momentExpected });

/** How many rows a list answers at the most. */
export function rowLimit(limits: { default: number; max: number }): z.ZodDefault<z.ZodInt> {
  return z.int().min(1).max(limits.max).default(limits.default);
}

/** Where a list goes on: the `next_cursor` of the answer before. */
export const CursorText = z.string().max(16_000).describe("next_cursor of the previous answer");

/** What a list answers as the way to its next rows; absent where none follow. */
export const NextCursor = z.string().optional();

/** How many rows of the exchange a list had to leave out, as they cannot be read, belong to something else or stand there twice. */
export const LeftOut = z.int().optional();

/** {@linkcode LeftOut} as a member of an answer, where there are any. */
export function leftOut(rows: number): { left_out?: number } {
  return rows === 0 ? {} : { left_out: rows };
}

/** What is odd about an answer of the exchange. */
export const Warnings = z.array(z.string()).optional();

/** {@linkcode Warnings} as a member of an answer, where there are any; sentences that do not apply are `undefined`. */
export function warningsOf(...sentences: (string | undefined)[]): { warnings?: string[] } {
  const warnings = sentences.filter((sentence) => sentence !== undefined);
  return warnings.length === 0 ? {} : { warnings };
}

/** Picks columns of a wide answer. */
export function fieldsOf<const Name extends string>(
  names: readonly Name[],
): z.ZodOptional<z.ZodArray<z.ZodEnum<{ [N in Name]: N }>>> {
  return z.array(z.enum(names)).min(1).optional();
}

/**
 * Reads a {@linkcode Moment} to milliseconds since the Unix epoch. A time without a zone is in UTC, wherever the server
 * runs.
 *
 * @throws {ArgumentError} when the text is no such time, or a number is in another unit
 */
export function readMoment(field: string, moment: string | number): number {
  const isNumber = typeof moment === "number" || /^\d{1,39}(?:\.\d{1,20})?$/.test(moment);
  const ms = isNumber ? Number(moment) : parseIsoTime(String(moment));
  // 0 is how clients say "from the beginning".
  const hint = isNumber && ms !== 0 ? unitHint(ms) : undefined;
  if (ms >= 0 && hint === undefined) return Math.floor(ms);
  const problem = `${MOMENT_EXPECTED}: current value is ${JSON.stringify(moment)}`;
  throw new ArgumentError(field, hint === undefined ? problem : `${problem}, which looks like ${hint}`);
}

/**
 * Reads a {@linkcode Moment} that something is asked for from: one far ahead of `now` finds nothing, in silence. Clocks
 * may differ by less.
 *
 * @throws {ArgumentError} as {@linkcode readMoment}, and when it lies ahead
 */
export function readPastMoment(field: string, moment: string | number, now: number): number {
  const ms = readMoment(field, moment);
  if (ms <= now + MAX_AHEAD_MS) return ms;
  throw new ArgumentError(field, `expected a time in the past: current value is ${JSON.stringify(moment)}`);
}

function momentExpected({ input }: { readonly input?: unknown }): string {
  const hint = typeof input === "number" && input > 0 ? unitHint(input) : undefined;
  return hint === undefined ? MOMENT_EXPECTED : `${MOMENT_EXPECTED}: this looks like ${hint}`;
}

/** Seconds taken for milliseconds would lie in January 1970, microseconds in a far future: both find nothing. */
function unitHint(number: number): string | undefined {
  if (number > LAST_MILLISECONDS * 1_000) return "nanoseconds: divide it by 1000000";
  if (number > LAST_MILLISECONDS) return "microseconds: divide it by 1000";
  return number < FIRST_MILLISECONDS ? "seconds: multiply it by 1000" : undefined;
}

function parseIsoTime(text: string): number {
  const [, date = "", day, time = "00:00", zone = "Z"] = ISO_TIME.exec(text) ?? [];
  // A day that its month does not have would roll over into the next month.
  const dayRead = new Date(`${date}T00:00Z`).getUTCDate();
  return dayRead === Number(day) ? Date.parse(`${date}T${time}${zone}`.toUpperCase()) : NaN;
}

/** Milliseconds since the Unix epoch as ISO 8601 text; `undefined` for Luno's 0, which means "not yet". */
export function isoTime(ms: number): string | undefined {
  return ms > 0 && ms <= LAST_MOMENT ? new Date(ms).toISOString() : undefined;
}

/** Keeps the wanted columns of rows; all where none are named. */
export function pickFields<Row extends object>(
  rows: readonly Row[],
  fields: readonly (keyof Row)[] | undefined,
): Partial<Row>[] {
  if (fields === undefined) return [...rows];
  return rows.map((row) => {
    const picked: Partial<Row> = {};
    for (const field of fields) if (row[field] !== undefined) picked[field] = row[field];
    return picked;
  });
}

/**
 * Where market data came from and how old it is: added to an answer when it is given, not when it is made. `source` is
 * `stream`, `rest`, or `cache` with `stale`: the exchange cannot be read, and this is what was last known.
 */
export const FRESHNESS = {
  source: z.string().optional(),
  age_ms: z.number().optional(),
  stale: z.boolean().optional(),
};
