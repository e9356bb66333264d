/** The building blocks of answers: how Luno writes a decimal, an id, a time, a word and a list, read with tolerance. */

import { z } from "zod";
import { normalizeDecimal } from "./money.ts";

/** A decimal, string or number on the wire; here always a plain decimal string without trailing zeros. */
export const Decimal = z.unknown().transform((value, context): string => {
  const text = typeof value === "string" || typeof value === "number" ? normalizeDecimal(value) : null;
  if (text !== null) return text;
  context.issues.push({ code: "custom", message: "expected a decimal", input: value });
  return z.NEVER;
});

/** A decimal that may be missing, `null` or empty where it does not apply; `"0"` then, as Luno writes today. */
export const DecimalOrZero = z.preprocess((value) => isAbsent(value) ? "0" : value, Decimal);

/** A 64-bit id or another opaque name, string or number on the wire; here always a non-empty string. */
export const Id = z.union([z.string().min(1), z.number().refine(Number.isInteger).transform(String)]);

/** An id that may be missing, `null` or empty where there is none; `""` then. */
export const IdOrEmpty = z.preprocess((value) => isAbsent(value) ? "" : value, z.union([z.literal(""), Id]));

/** Text that may be missing or `null`; `""` then. */
export const Text = z.string().nullish().transform((text) => text ?? "");

/** A flag that may be missing or `null`; `false` then. */
export const Flag = z.boolean().nullish().transform((flag) => flag ?? false);

/** Integer milliseconds since the Unix epoch; a quoted number and RFC 3339 have been seen and are read too. */
export const Timestamp = z.preprocess(toMilliseconds, z.int().nonnegative());

/** A time that is 0, missing or `null` as long as the thing has not happened; 0 then. */
export const TimestampOrZero = z.preprocess(
  (value) => isAbsent(value) ? 0 : toMilliseconds(value),
  z.int().nonnegative(),
);

/** A whole number that may be missing or `null`; 0 then. */
export const IntegerOrZero = z.int().nullish().transform((value) => value ?? 0);

/** A list; `null` and a missing key mean an empty one. */
export function list<Item extends z.ZodType>(item: Item): z.ZodType<z.output<Item>[]> {
  return z.preprocess((value) => value ?? [], z.array(item));
}

/**
 * One of the documented words. A word that Luno adds later reads `"UNKNOWN"`, so that it spoils no whole answer; a
 * missing, `null` or empty one reads `absent`.
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

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function toMilliseconds(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return /^\d{1,16}$/.test(value) ? Number(value) : Date.parse(value);
}
