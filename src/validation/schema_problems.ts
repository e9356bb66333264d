/**
 * Turns zod's issues into sentences, with the help of the JSON Schema: what was expected, its bounds, and the value
 * that was found.
 */

import type { z } from "zod";
import { listWords } from "../text/list_words.ts";
import { nearestWord } from "../text/nearest_word.ts";
import { visibly } from "../text/visibly.ts";

/** The part of a JSON Schema that sentences are made of. */
export type SchemaNode = z.core.JSONSchema.BaseSchema;

/** The longest value or name that is quoted, in characters. */
export const MAX_QUOTED = 100;

/** What a value must be, to follow "expected": `a whole number from 1 to 500`, `BUY or SELL`. */
export function expectationOf(schema: SchemaNode): string {
  const example = /\bsuch as .+/.exec(schema.description ?? "")?.[0];
  return `${kindOf(schema)}${example === undefined ? "" : `, ${example}`}`;
}

function kindOf({ type, enum: words, anyOf, items, ...bounds }: SchemaNode): string {
  if (words !== undefined) return listWords(words.map(String));
  if (anyOf !== undefined) return anyOf.map((one) => kindOf(one as SchemaNode)).join(" or ");
  switch (type) {
    case "integer":
    case "number":
      return `a ${type === "integer" ? "whole number" : "number"}${range(bounds.minimum, bounds.maximum)}`;
    case "boolean":
      return "true or false";
    case "array":
      return `a list of ${sizes(bounds.minItems, bounds.maxItems)}${itemsOf(items as SchemaNode | undefined)}`;
    case "object":
      return "an object";
    default: {
      const size = sizes(bounds.minLength, bounds.maxLength);
      return size === "" ? "a string" : `a string of ${size}characters`;
    }
  }
}

function itemsOf(items: SchemaNode | undefined): string {
  if (items?.enum !== undefined) return listWords(items.enum.map(String), "and");
  return items?.type === "string" || items === undefined ? "strings" : "values";
}

function range(min: number | undefined, max: number | undefined): string {
  const from = min === undefined || min <= Number.MIN_SAFE_INTEGER ? undefined : min;
  const to = max === undefined || max >= Number.MAX_SAFE_INTEGER ? undefined : max;
  if (from === undefined) return to === undefined ? "" : ` of at most ${to}`;
  return to === undefined ? ` of at least ${from}` : ` from ${from} to ${to}`;
}

function sizes(min: number | undefined, max: number | undefined): string {
  if (max === undefined) return (min ?? 0) > 1 ? `at least ${min} ` : "";
  return (min ?? 0) > 0 ? `${min} to ${max} ` : `at most ${max} `;
}

/** Where an issue was found. */
export interface IssuePlace {
  readonly root: SchemaNode;
  /** The value that was validated. */
  readonly value: unknown;
  /**
   * Whether the value may hold secrets, so that only numbers are quoted.
   *
   * @default false
   */
  readonly isPrivate?: boolean;
}

/** The problem of one value; `suggestion` is the word that was probably meant. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  { root, value: whole, isPrivate = false }: IssuePlace,
): { readonly problem: string; readonly suggestion?: string } {
  const schema = schemaAt(root, issue.path);
  const value = valueAt(whole, issue.path);
  // A sentence from the schema says more than its type; the library's own sentences begin with a capital letter.
  const expected = issue.message.startsWith("expected ") ? issue.message : `expected ${expectationOf(schema)}`;
  if (value === undefined) return { problem: `${expected}: it is missing` };
  if (typeof value === "number" && schema.type === "string") {
    // The original value is no longer known, and quoting the converted one would mislead.
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return { problem: "expected a string: a number of so many digits was rounded on its way here" };
    }
    const text = String(value);
    const wanted = isTextOf(schema, text) ? `expected a string such as "${text}"` : expected;
    return { problem: `${wanted}: current value is the number ${text}` };
  }
  const suggestion = typeof value === "string" ? nearestWord(value, (schema.enum ?? []).map(String)) : undefined;
  const problem = isPrivate && typeof value !== "number" ? expected : `${expected}: current value is ${quote(value)}`;
  return suggestion === undefined ? { problem } : { problem: `${problem}, did you mean ${suggestion}`, suggestion };
}

/** Whether a number would be accepted as this text; one with an exponent would be refused as an amount. */
function isTextOf({ enum: words, pattern, minLength = 0 }: SchemaNode, text: string): boolean {
  const isPlain = words === undefined && !text.includes("e") && text.length >= minLength;
  return isPlain && (pattern === undefined || new RegExp(pattern, "u").test(text));
}

function schemaAt(root: SchemaNode, path: readonly PropertyKey[]): SchemaNode {
  let schema = root;
  for (const step of path) {
    const named = schema.properties?.[String(step)] ?? schema.additionalProperties;
    const next = typeof step === "number" ? schema.items : named;
    if (typeof next !== "object" || Array.isArray(next)) return {};
    schema = next;
  }
  return schema;
}

function valueAt(args: unknown, path: readonly PropertyKey[]): unknown {
  let value = args;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

function quote(value: unknown): string {
  const text = JSON.stringify(value);
  return visibly(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
