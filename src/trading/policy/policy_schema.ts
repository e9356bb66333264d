/** The schema of a policy file, and its problems in words. Field names are those of the file. */

import { z } from "zod";
import { cleanText } from "../../text/clean_text.ts";
import { parseDecimal, PLAIN_DECIMAL } from "../../money/decimals.ts";
import { IdentityName } from "../../access/identity_name.ts";
import { MARKET_WARNING_CODES } from "../orders/market_warnings.ts";

const MODES = ["observe", "paper", "confirm", "auto"] as const;
const SIDES = ["BUY", "SELL"] as const;
const ORDER_TYPES = ["limit", "market", "stop_limit"] as const;
const CONFIRM_WAYS = ["dialog", "page", "terminal"] as const;

/** The most identities that one file may name. */
const MAX_IDENTITIES = 10_000;

const Amount = decimal('expected a decimal > 0 in quotes, such as "1000"');

const Currency = text(/^[A-Za-z0-9]{2,10}$/, "expected a currency code such as ZAR");

const Pair = text(/^[A-Za-z0-9]{2,10}[ /_-]?[A-Za-z0-9]{2,10}$/, "expected a pair such as XBTZAR or BTC/ZAR");

const Worth = z.strictObject({ amount: Amount, currency: Currency }, { error: "expected an amount and a currency" });

const CoolOff = z.strictObject({
  rejects: wholeNumber(1, 1_000),
  within_seconds: wholeNumber(1, 86_400),
  pause_seconds: wholeNumber(1, 86_400),
}, { error: "expected rejects, within_seconds and pause_seconds" });

const Entry = z.strictObject({
  mode: oneOf(MODES).optional().describe("How orders go; the command line is the upper bound"),
  confirm_by: list(oneOf(CONFIRM_WAYS), CONFIRM_WAYS.length).optional()
    .describe("Accepted ways to confirm; by default all for local, page and terminal for everybody else"),
  pairs: some(Pair, 500).describe("Pairs that may be traded; all by default"),
  sides: some(oneOf(SIDES), SIDES.length).describe("Sides that may be taken; both by default"),
  order_types: some(oneOf(ORDER_TYPES), ORDER_TYPES.length).describe("Kinds of order; all by default"),
  max_per_order: Worth.nullish().describe("Highest value of one order"),
  max_per_day: Worth.nullish().describe("Highest value of all orders of a UTC day together"),
  max_open_orders: wholeNumber(1, 10_000).nullish(),
  max_orders_per_minute: wholeNumber(1, 300).nullish().describe("10 by default"),
  price_band_percent: decimal('expected a percentage > 0 in quotes, such as "5"').nullish()
    .describe('Furthest distance of a price from the mid price; "10" by default'),
  allow_warnings: z.array(oneOf(MARKET_WARNING_CODES), { error: "expected a list of warnings" })
    .max(MARKET_WARNING_CODES.length, { error: `expected at most ${MARKET_WARNING_CODES.length} warnings` }).optional()
    .describe(
      "Market warnings (an implausible book or fee) despite which orders may be placed; none by default",
    ),
  cool_off: CoolOff.nullish().describe("Pauses an identity whose orders were refused too often"),
}, { error: "expected an object of settings" });

/** A policy file as it is written. */
export const PolicySchema = z.strictObject({
  $schema: z.string().optional(),
  default: Entry.optional().describe("What applies to everybody; a setting that is null is not limited"),
  identities: z.record(IdentityName, Entry, { error: "expected identities with their settings" })
    .refine((entries) => Object.keys(entries).length <= MAX_IDENTITIES, {
      error: `expected at most ${MAX_IDENTITIES} identities`,
    })
    .optional().describe("What differs from the default for one identity, field by field"),
}, { error: "expected an object with default and identities" })
  .meta({ title: "Trading policy of luno-mcp-server" });

/** The entry of one identity as it is written. */
export type PolicyEntry = z.output<typeof Entry>;

/** The published JSON Schema of a policy file. */
export function policyJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(PolicySchema, { io: "input" });
}

/** The sentence for one issue, with its path. */
export function describeIssue(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const known = knownAt(issue.path).join(", ");
    return issue.keys.map((key) => `${shown([...issue.path, key].join("."))}: unknown: known are ${known}`);
  }
  if (issue.code === "invalid_key") return [`${shown(path)}: ${issue.issues[0]?.message ?? issue.message}`];
  const { input } = issue;
  const isShort = typeof input === "string" || typeof input === "number" || typeof input === "boolean" ||
    input === null;
  const value = isShort ? `: current value is ${shown(JSON.stringify(input))}` : "";
  return [`${path === "" ? "the file" : shown(path)}: ${issue.message}${value}`];
}

function knownAt(path: readonly PropertyKey[]): string[] {
  const place = path.at(-1);
  if (place === undefined) return Object.keys(PolicySchema.shape).filter((key) => key !== "$schema");
  if (place === "max_per_order" || place === "max_per_day") return Object.keys(Worth.shape);
  return Object.keys(place === "cool_off" ? CoolOff.shape : Entry.shape);
}

function shown(written: string): string {
  return cleanText(written).slice(0, 120);
}

function text(pattern: RegExp, error: string): z.ZodString {
  return z.string({ error }).regex(pattern, { error });
}

function decimal(error: string): z.ZodString {
  return text(PLAIN_DECIMAL, error).refine((value) => !PLAIN_DECIMAL.test(value) || parseDecimal(value).gt(0), {
    error,
  });
}

function wholeNumber(min: number, max: number): z.ZodInt {
  const error = `expected a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

function oneOf<const Word extends string>(words: readonly Word[]): z.ZodEnum<{ [W in Word]: W }> {
  return z.enum(words, { error: `expected one of ${words.join(", ")}` });
}

function list<Item extends z.ZodType>(item: Item, max: number): z.ZodArray<Item> {
  const error = `expected a list of 1 to ${max}`;
  return z.array(item, { error }).min(1, { error }).max(max, { error });
}

function some<Item extends z.ZodType>(item: Item, max: number): z.ZodOptional<z.ZodNullable<z.ZodArray<Item>>> {
  return list(item, max).nullish();
}
