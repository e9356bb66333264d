/** Describes invalid arguments of a tool in sentences that name the bound, the value and the nearest name. */

import { z } from "zod";
import { nearestWord } from "../text/nearest_word.ts";
import { cleanText } from "../text/clean_text.ts";
import { describeIssue, MAX_QUOTED } from "../validation/schema_problems.ts";
import type { SchemaNode } from "../validation/schema_problems.ts";
import { ArgumentError } from "./tool.ts";

/** The JSON Schema of one argument. */
export type ArgumentSchema = SchemaNode;

/** One invalid argument; `suggestion` is the word that was probably meant. */
export interface ArgumentProblem {
  readonly field: string;
  readonly problem: string;
  readonly suggestion?: string;
}

/** The most problems and names in one answer. */
const MAX_TOLD = 10;

/** The JSON Schema of each argument of a tool, by its name. */
export function argumentSchemas(input: z.ZodObject): Readonly<Record<string, ArgumentSchema>> {
  const { properties = {} } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" });
  return properties as Record<string, ArgumentSchema>;
}

/** Arguments, and the error that their schema found in them. */
export interface InvalidArguments {
  readonly input: z.ZodObject;
  readonly args: unknown;
  readonly error: z.ZodError;
}

/** Describes every problem of invalid arguments. */
export function argumentProblems({ input, args, error }: InvalidArguments): ArgumentProblem[] {
  const properties = argumentSchemas(input);
  const problems = error.issues.slice(0, MAX_TOLD).flatMap((issue): ArgumentProblem[] => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.slice(0, MAX_TOLD).map((key) => unknownArgument([...issue.path, key], Object.keys(properties)));
    }
    const field = issue.path.length === 0 ? "arguments" : issue.path.join(".");
    return [{ field, ...describeIssue(issue, { root: { type: "object", properties }, value: args }) }];
  });
  // A value that breaks several rules is reported once.
  return problems.filter((one, index) =>
    index === problems.findIndex(({ field, problem }) => field === one.field && problem === one.problem)
  );
}

/** The first of {@linkcode argumentProblems} as an error of a running tool; `advice` is appended to its sentence. */
export function argumentError(invalid: InvalidArguments, advice?: string): ArgumentError {
  const [first] = argumentProblems(invalid);
  const { field = "arguments", problem = "expected other arguments", suggestion } = first ?? {};
  const suggestions = suggestion === undefined ? [] : [suggestion];
  return new ArgumentError(field, advice === undefined ? problem : `${problem}: ${advice}`, suggestions);
}

function unknownArgument(path: readonly PropertyKey[], known: readonly string[]): ArgumentProblem {
  const field = cleanText(path.join(".")).slice(0, MAX_QUOTED);
  const suggestion = nearestWord(field, known);
  if (suggestion !== undefined) return { field, problem: `unknown argument, did you mean ${suggestion}`, suggestion };
  const others = known.length === 0 ? "it takes none" : `known are ${known.join(", ")}`;
  return { field, problem: `unknown argument: ${others}` };
}
