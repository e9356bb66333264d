/** Parts of tool arguments that several tools share. */

import { z } from "zod";
import { ArgumentError } from "./tool.ts";

/** A pair as people write it; `Markets.resolve` understands it. */
export const PairText = z.string().min(3).max(40).describe("Pair, such as XBTZAR or BTC/ZAR");

/** A currency as people write it; `Markets.resolveCurrency` understands it. */
export const CurrencyText = z.string().min(2).max(20).describe("Currency, such as XBT, BTC or ZAR");

/** An account's id: digits, as a string because it exceeds 2^53. */
export const AccountId = z.string().regex(/^\d{1,19}$/, { error: "expected an account id of 1 to 19 digits" });

/** The last moment that a date can hold, in milliseconds since the Unix epoch. */
const LAST_MOMENT = 8_640_000_000_000_000;

/** A day, or a time of day with or without a zone; `Date.parse` alone reads "yesterday 1" as well. */
const ISO_TIME = /^(\d{4}-\d{2}-(\d{2}))(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** A moment: ISO 8601 text or milliseconds since the Unix epoch. */
export const Moment = z.union([z.string().max(40), z.int().min(0).max(LAST_MOMENT)]);

/** How many rows a list answers at the most. */
export function rowLimit(limits: { default: number; max: number }): z.ZodDefault<z.ZodInt> {
  return z.int().min(1).max(limits.max).default(limits.default);
}

/** Where a list goes on: the `next_cursor` of the answer before. */
export const CursorText = z.string().max(16_000).describe("next_cursor of the previous answer");

/** What a list answers as the way to its next rows. */
export const NextCursor = z.string().optional().describe("present when more rows follow");

/** Picks columns of a wide answer. */
export function fieldsOf<const Name extends string>(
  names: readonly Name[],
): z.ZodOptional<z.ZodArray<z.ZodEnum<{ [N in Name]: N }>>> {
  return z.array(z.enum(names)).min(1).optional().describe("columns to answer, all by default");
}

/**
 * Reads a {@linkcode Moment} to milliseconds since the Unix epoch. A time without a zone is in UTC, wherever the server
 * runs.
 *
 * @throws {ArgumentError} when the text is no such time
 */
export function readMoment(field: string, moment: string | number): number {
  if (typeof moment === "number") return moment;
  const ms = /^\d{12,14}$/.test(moment) ? Number(moment) : parseIsoTime(moment);
  if (ms >= 0) return ms;
  throw new ArgumentError(
    field,
    `expected an ISO 8601 time or milliseconds since 1970: current value is ${JSON.stringify(moment)}`,
  );
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
