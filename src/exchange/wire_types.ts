/**
 * The building blocks of the schemas: tolerant readers for Luno's decimals, ids, times, words and lists. Field names stay
 * Luno's; unknown fields are dropped; decimals become plain strings without trailing zeros, ids strings, times integer
 * milliseconds since the Unix epoch. An unreadable row of a list does not invalidate the answer: it is omitted, and
 * counted in `left_out`.
 */

import { z } from "zod";
import { normalizeDecimal } from "../money/decimals.ts";
import type { Awaitable } from "../timing/awaitable.ts";
import { flatMapInSlices } from "../timing/slices.ts";

/** Rows that are read in one go: a few milliseconds of work. */
const SLICE = 100;

/** A decimal, string or number on the wire; always normalized to a plain decimal string without trailing zeros. */
export const Decimal = z.unknown().transform((value, context): string => {
  const text = typeof value === "string" || typeof value === "number" ? normalizeDecimal(value) : null;
  if (text !== null) return text;
  context.issues.push({ code: "custom", message: "expected a decimal", input: value });
  return z.NEVER;
});

/** A decimal that may be missing, `null` or empty when it does not apply; `"0"` then, which Luno writes today. */
export const DecimalOrZero = z.preprocess((value) => isAbsent(value) ? "0" : value, Decimal);

/** A non-negative decimal: a price, a volume, or a limit of one. */
export const Amount = Decimal.refine((text) => !text.startsWith("-"), "expected a decimal from 0");

/** A price or volume that may be missing, `null` or empty; `"0"` then. */
export const AmountOrZero = DecimalOrZero.refine((text) => !text.startsWith("-"), "expected a decimal from 0");

/** The code of a currency or pair, such as `XBT` or `XBTZAR`: usable in a request. */
export const Code = z.string().regex(/^[\w-]{1,40}$/, "expected a code such as XBT or XBTZAR");

/**
 * A 64-bit id or another opaque name, string or number on the wire; always a string of visible ASCII characters, so
 * that it can be used in a request and shown unchanged.
 */
export const Id = z.union([
  z.string().regex(/^[\x21-\x7e]{1,255}$/, "expected an id"),
  z.number().refine(Number.isInteger).transform(String),
]);

/** An id that may be missing, `null` or empty when there is none; `""` then. */
export const IdOrEmpty = z.preprocess((value) => isAbsent(value) ? "" : value, z.union([z.literal(""), Id]));

/** A code that may be missing, `null` or empty; `""` then. */
export const CodeOrEmpty = z.preprocess((value) => isAbsent(value) ? "" : value, z.union([z.literal(""), Code]));

/** Text that may be missing or `null`; `""` then. */
export const Text = z.string().nullish().transform((text) => text ?? "");

/** A flag that may be missing or `null`; `false` then. */
export const Flag = z.boolean().nullish().transform((flag) => flag ?? false);

/** Integer milliseconds since the Unix epoch; a quoted number and RFC 3339 have been observed and are accepted too. */
export const Timestamp = z.preprocess(toMilliseconds, z.int().nonnegative());

/** A time that is 0, missing or `null` until the event has happened; 0 then. */
export const TimestampOrZero = z.preprocess(
  (value) => isAbsent(value) ? 0 : toMilliseconds(value),
  z.int().nonnegative(),
);

/** A whole number, quoted or not. */
export const Integer = z.preprocess(toInteger, z.int());

/** A whole number that may be missing, `null` or empty; 0 then. */
export const IntegerOrZero = z.preprocess((value) => isAbsent(value) ? 0 : toInteger(value), z.int());

/** A short list; `null` and a missing key mean an empty one. Unreadable rows are omitted. */
export function list<Item extends z.ZodType>(item: Item): z.ZodType<z.output<Item>[]> {
  return List.transform((rows) => rows.flatMap((row) => readRow(item, row)));
}

/**
 * The rows of an answer, of which there may be thousands: as a {@linkcode list}, read in slices, so that other work goes
 * on meanwhile. With more rows than one slice it can only be parsed asynchronously.
 */
export function rows<Item extends z.ZodType>(item: Item): z.ZodType<z.output<Item>[]> {
  return List.transform((rows) => {
    const map = (row: unknown) => readRow(item, row);
    return isLong(rows) ? flatMapInSlices(rows, { size: SLICE, map }) : rows.flatMap(map);
  });
}

/** Fields of every answer with rows. */
export interface Counted {
  /** The number of omitted rows: unreadable, not asked for, or repeated. */
  readonly left_out: number;
  /** Whether the rows arrived in another order than documented; they are sorted here. */
  readonly was_unsorted: boolean;
}

/**
 * An answer whose lists omit unreadable rows, with their number. A list may be missing, but an answer that has members
 * and none of the documented ones is another answer, not an empty list.
 */
export function counted<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
): z.ZodType<z.output<z.ZodObject<Shape>> & Counted> {
  const documented = Object.keys(schema.shape);
  return z.unknown().transform((value, context): Awaitable<z.output<z.ZodObject<Shape>> & Counted> => {
    const members = Object.keys(Object(value));
    if (members.length > 0 && !documented.some((name) => members.includes(name))) {
      context.issues.push({ code: "custom", message: `expected ${documented.join(", ")}`, input: value });
      return z.NEVER;
    }
    const finish = (read: z.ZodSafeParseResult<z.output<z.ZodObject<Shape>>>) => {
      if (read.success) return { ...read.data, left_out: countLeftOut(value, read.data), was_unsorted: false };
      for (const { path, message } of read.error.issues) {
        context.issues.push({ code: "custom", path: [...path], message, input: value });
      }
      return z.NEVER;
    };
    const hasLongList = Object.values(Object(value)).some(isLong);
    return hasLongList ? schema.safeParseAsync(value).then(finish) : finish(schema.safeParse(value));
  });
}

/**
 * One of the documented words. A word that Luno adds later reads `"UNKNOWN"`, so that it does not invalidate the
 * answer; a missing, `null` or empty one reads `absent`.
 */
export function word<const Word extends string, const Absent extends string = "UNKNOWN">(
  words: readonly Word[],
  absent?: Absent,
): z.ZodType<Word | Absent | "UNKNOWN"> {
  const known = new Map<string, Word>(words.map((each) => [each, each]));
  return z.string().nullish().transform((text): Word | Absent | "UNKNOWN" =>
    isAbsent(text) ? absent ?? "UNKNOWN" : known.get(text ?? "") ?? "UNKNOWN"
  );
}

const List = z.preprocess((value) => value ?? [], z.array(z.unknown()));

function readRow<Item extends z.ZodType>(item: Item, row: unknown): z.output<Item>[] {
  const read = item.safeParse(row);
  return read.success ? [read.data] : [];
}

function isLong(rows: unknown): boolean {
  return Array.isArray(rows) && rows.length > SLICE;
}

function countLeftOut(value: unknown, read: object): number {
  const written = new Map(Object.entries(Object(value)));
  return Object.entries(read).reduce((total, [key, rows]) => {
    const all = written.get(key);
    return Array.isArray(rows) && Array.isArray(all) ? total + all.length - rows.length : total;
  }, 0);
}

function toInteger(value: unknown): unknown {
  return typeof value === "string" && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** The runtime reads other texts as times too, such as `1,5`, and those without a zone as of this machine's. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

function toMilliseconds(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (/^\d{1,16}$/.test(value)) return Number(value);
  return RFC_3339.test(value) ? Date.parse(value) : value;
}
