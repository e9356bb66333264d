/** What is wrong with the arguments of a tool, in sentences that name the bound, the value and the nearest name. */

import { z } from "zod";
import { nearestWord } from "../did_you_mean.ts";
import { cleanText } from "../exchange/errors.ts";
import { ArgumentError } from "./tool.ts";

/** The JSON Schema of one argument, as far as sentences are made of it. */
export type ArgumentSchema = Pick<
  z.core.JSONSchema.JSONSchema,
  | "type"
  | "enum"
  | "anyOf"
  | "items"
  | "minimum"
  | "maximum"
  | "minLength"
  | "maxLength"
  | "minItems"
  | "maxItems"
  | "description"
  | "default"
>;

/** One wrong argument; `suggestion` is the word that was probably meant. */
export interface ArgumentProblem {
  readonly field: string;
  readonly problem: string;
  readonly suggestion?: string;
}

/** The most problems and names that one answer tells of. */
const MAX_TOLD = 10;

/** The longest value or name that is quoted, in characters. */
const MAX_QUOTED = 100;

/** The JSON Schema of each argument of a tool, by its name. */
export function argumentSchemas(input: z.ZodObject): Readonly<Record<string, ArgumentSchema>> {
  const { properties = {} } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" });
  return properties as Record<string, ArgumentSchema>;
}

/** Says what `error` found in `args`, which `input` was to read. */
export function argumentProblems(input: z.ZodObject, args: unknown, error: z.ZodError): ArgumentProblem[] {
  const properties = argumentSchemas(input);
  return error.issues.slice(0, MAX_TOLD).flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.slice(0, MAX_TOLD).map((key) => unknownArgument([...issue.path, key], Object.keys(properties)));
    }
    return [describeIssue(issue, { schema: schemaAt(properties, issue.path), value: valueAt(args, issue.path) })];
  });
}

/** The first of {@linkcode argumentProblems} as an error of a running tool; `advice` is added to its sentence. */
export function argumentError(input: z.ZodObject, args: unknown, error: z.ZodError, advice?: string): ArgumentError {
  const [first] = argumentProblems(input, args, error);
  const { field = "arguments", problem = "expected other arguments", suggestion } = first ?? {};
  const suggestions = suggestion === undefined ? [] : [suggestion];
  return new ArgumentError(field, advice === undefined ? problem : `${problem}: ${advice}`, suggestions);
}

/** What an argument may be, as it stands behind "expected": `a whole number from 1 to 500`, `BUY or SELL`. */
export function expectationOf(schema: ArgumentSchema): string {
  const example = /\bsuch as .+/.exec(schema.description ?? "")?.[0];
  return `${kindOf(schema)}${example === undefined ? "" : `, ${example}`}`;
}

function kindOf({ type, enum: words, anyOf, items, ...bounds }: ArgumentSchema): string {
  if (words !== undefined) return listWords(words.map(String));
  if (anyOf !== undefined) return anyOf.map((one) => kindOf(one as ArgumentSchema)).join(" or ");
  switch (type) {
    case "integer":
    case "number":
      return `a ${type === "integer" ? "whole number" : "number"}${range(bounds.minimum, bounds.maximum)}`;
    case "boolean":
      return "true or false";
    case "array":
      return `a list of ${sizes(bounds.minItems, bounds.maxItems)}${itemsOf(items as ArgumentSchema | undefined)}`;
    case "object":
      return "an object";
    default: {
      const size = sizes(bounds.minLength, bounds.maxLength);
      return size === "" ? "a string" : `a string of ${size}characters`;
    }
  }
}

function itemsOf(items: ArgumentSchema | undefined): string {
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

function listWords(words: readonly string[], joint = "or"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${joint} ${words.at(-1)}`;
}

function describeIssue(
  issue: z.core.$ZodIssue,
  { schema, value }: { schema: ArgumentSchema; value: unknown },
): ArgumentProblem {
  const field = issue.path.length === 0 ? "arguments" : issue.path.join(".");
  // A sentence of the schema's own says more than its type; the library's begin with a capital letter.
  const expected = issue.message.startsWith("expected ") ? issue.message : `expected ${expectationOf(schema)}`;
  if (value === undefined) return { field, problem: `${expected}: it is missing` };
  if (typeof value === "number" && schema.type === "string") {
    return { field, problem: `expected a string such as "${value}": current value is the number ${value}` };
  }
  const suggestion = typeof value === "string" ? nearestWord(value, (schema.enum ?? []).map(String)) : undefined;
  const problem = `${expected}: current value is ${quote(value)}`;
  return suggestion === undefined
    ? { field, problem }
    : { field, problem: `${problem}, did you mean ${suggestion}`, suggestion };
}

function unknownArgument(path: readonly PropertyKey[], known: readonly string[]): ArgumentProblem {
  const field = cleanText(path.join(".")).slice(0, MAX_QUOTED);
  const suggestion = nearestWord(field, known);
  if (suggestion !== undefined) return { field, problem: `unknown argument, did you mean ${suggestion}`, suggestion };
  const others = known.length === 0 ? "it takes none" : `known are ${known.join(", ")}`;
  return { field, problem: `unknown argument: ${others}` };
}

function schemaAt(properties: Readonly<Record<string, ArgumentSchema>>, path: readonly PropertyKey[]): ArgumentSchema {
  let schema: z.core.JSONSchema.BaseSchema = { type: "object", properties };
  for (const step of path) {
    const next = typeof step === "number" ? schema.items : schema.properties?.[String(step)];
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
  return cleanText(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
