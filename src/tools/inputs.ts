/** Argument schemas that several tools share. */

import { z } from "zod";
import { visibly } from "../text/visibly.ts";
import { ArgumentError } from "./tool.ts";

/** A pair as people write it, for `Markets.resolve`. */
export const PairText = z.string().min(3).max(40).describe("such as XBTZAR or BTC/ZAR");

/** A currency as people write it, for `Markets.resolveCurrency`. */
export const CurrencyText = z.string().min(2).max(20).describe("such as XBT, BTC or ZAR");

/** An account's id: digits, as a string because it exceeds 2^53. */
export const AccountId = z.string().regex(/^\d{1,19}$/, { error: "expected an account id of 1 to 19 digits" });

/** Text of a form that the list of tools does not spell out, to keep it short. */
function textOf(form: RegExp, maxLength: number, error: string): z.ZodString {
  return z.string().max(maxLength, { error }).refine((text) => form.test(text), { error });
}

/** The exchange's id of an order. */
export const OrderId = textOf(/^[A-Za-z0-9_-]+$/, 64, "expected an order id, as lists of orders show it");

/** The id that an order was placed with. */
export const ClientOrderId = textOf(
  /^[0-9A-Za-z_;,.-]+$/,
  255,
  "expected a client order id of at most 255 letters, digits and _;,.-",
);

/** The last moment that a date can represent, in milliseconds since the Unix epoch. */
const LAST_MOMENT = 8_640_000_000_000_000;

/** A number from here (March 1973) to November 5138 in milliseconds cannot be a recent time in another unit. */
const FIRST_MILLISECONDS = 100_000_000_000;
const LAST_MILLISECONDS = 100_000_000_000_000;

/** No two synchronized clocks differ by as much. */
const MAX_AHEAD_MS = 3_600_000;

/** A day, or a time with or without a zone; `Date.parse` alone would also accept "yesterday 1". */
const ISO_TIME = /^(\d{4}-\d{2}-(\d{2}))(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

const MOMENT_EXPECTED = "expected an ISO 8601 time or milliseconds since 1970";

/** A moment: ISO 8601 text or milliseconds since the Unix epoch. */
export const Moment = z.union([
  z.string().max(40, { error: momentExpected }),
  z.int({ error: momentExpected }).min(0, { error: momentExpected }).max(LAST_MOMENT, { error: momentExpected }),
], { error: momentExpected });

/** The most rows of one answer. */
export function rowLimit(limits: { default: number; max: number }): z.ZodDefault<z.ZodInt> {
  return z.int().min(1).max(limits.max).default(limits.default);
}

/** Where a list continues: the `next_cursor` of the previous answer. */
export const CursorText = z.string().max(16_000).describe("next_cursor of the previous answer");

/** The cursor of the next rows; absent when there are none. */
export const NextCursor = z.string().optional();

/** The number of rows that were omitted because they are unreadable, unrelated or repeated. */
export const LeftOut = z.int().optional();

/** {@linkcode LeftOut} as a field of an answer, when it is not 0. */
export function leftOut(rows: number): { left_out?: number } {
  return rows === 0 ? {} : { left_out: rows };
}

/** Irregularities in an answer of the exchange. */
export const Warnings = z.array(z.string()).optional();

/** {@linkcode Warnings} as a field of an answer, when there are any; `undefined` sentences are skipped. */
export function warningsOf(...sentences: (string | undefined)[]): { warnings?: string[] } {
  const warnings = sentences.filter((sentence) => sentence !== undefined);
  return warnings.length === 0 ? {} : { warnings };
}

/** Selects columns of a wide answer. */
export function fieldsOf<const Name extends string>(
  names: readonly Name[],
): z.ZodOptional<z.ZodArray<z.ZodEnum<{ [N in Name]: N }>>> {
  return z.array(z.enum(names)).min(1).optional();
}

/**
 * Converts a {@linkcode Moment} to milliseconds since the Unix epoch. A time without a zone is UTC, wherever the server
 * runs.
 *
 * @throws {ArgumentError} when the text is not such a time, or the number is in another unit
 */
export function readMoment(field: string, moment: string | number): number {
  const isNumber = typeof moment === "number" || /^\d{1,39}(?:\.\d{1,20})?$/.test(moment);
  const ms = isNumber ? Number(moment) : parseIsoTime(String(moment));
  // Clients use 0 for "from the beginning".
  const hint = isNumber && ms !== 0 ? unitHint(ms) : undefined;
  if (ms >= 0 && hint === undefined) return Math.floor(ms);
  const problem = `${MOMENT_EXPECTED}${currently(moment)}`;
  throw new ArgumentError(field, hint === undefined ? problem : `${problem}, which looks like ${hint}`);
}

/**
 * Converts a {@linkcode Moment} from which data is requested: one far after `now` would silently find nothing. Small
 * differences between clocks are tolerated.
 *
 * @throws {ArgumentError} as {@linkcode readMoment}, and when it is in the future
 */
export function readPastMoment(field: string, moment: string | number, now: number): number {
  const ms = readMoment(field, moment);
  if (ms <= now + MAX_AHEAD_MS) return ms;
  throw new ArgumentError(field, `expected a time in the past${currently(moment)}`);
}

/** The end of a sentence about an argument. */
export function currently(value: string | number): string {
  return `: current value is ${visibly(JSON.stringify(value))}`;
}

function momentExpected({ input }: { readonly input?: unknown }): string {
  const hint = typeof input === "number" && input > 0 ? unitHint(input) : undefined;
  return hint === undefined ? MOMENT_EXPECTED : `${MOMENT_EXPECTED}: this looks like ${hint}`;
}

/** Seconds read as milliseconds would be in January 1970, microseconds in the far future: both would find nothing. */
function unitHint(number: number): string | undefined {
  if (number > LAST_MILLISECONDS * 1_000) return "nanoseconds: divide it by 1000000";
  if (number > LAST_MILLISECONDS) return "microseconds: divide it by 1000";
  return number < FIRST_MILLISECONDS ? "seconds: multiply it by 1000" : undefined;
}

function parseIsoTime(text: string): number {
  const [, date = "", day, time = "00:00", zone = "Z"] = ISO_TIME.exec(text) ?? [];
  // A day that its month does not have would become one of the next month.
  const dayRead = new Date(`${date}T00:00Z`).getUTCDate();
  return dayRead === Number(day) ? Date.parse(`${date}T${time}${zone}`.toUpperCase()) : NaN;
}

/** Milliseconds since the Unix epoch as ISO 8601; `undefined` for Luno's 0, which means "not yet". */
export function isoTime(ms: number): string | undefined {
  return ms > 0 && ms <= LAST_MOMENT ? new Date(ms).toISOString() : undefined;
}

/** Keeps the selected columns of rows; all when none are selected. */
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
 * The origin and age of market data, added when the answer is sent, not when it is computed. `source` is `stream`,
 * `rest`, or `cache` with `stale`: the exchange cannot be read, and this is the last known data.
 */
export const FRESHNESS = {
  source: z.string().optional(),
  age_ms: z.number().optional(),
  stale: z.boolean().optional(),
};
