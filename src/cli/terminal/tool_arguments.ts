/** Parses a tool and its arguments as typed: `get_orderbook pair=XBTZAR depth=5`. */

import type { ArgumentSchema } from "../../tools/argument_problems.ts";

/** Problems of words that must be `name=value`, each name once: of two amounts it is unclear which is meant. */
export function checkToolWords(words: readonly string[]): string[] {
  const malformed = words.filter((word) => !/^[A-Za-z_]\w*=/.test(word)).map((word) => `${word}: expected name=value`);
  const values = Map.groupBy(words.filter((word) => word.includes("=")), (word) => word.slice(0, word.indexOf("=")));
  const repeated = [...values].filter(([, given]) => given.length > 1).map(([name, given]) =>
    `${name}: expected once, given as ${given.map((word) => JSON.stringify(word.slice(name.length + 1))).join(" and ")}`
  );
  return [...malformed, ...repeated];
}

/** Converts `name=value` words by the tool's schemas: lists by comma, numbers and booleans where only they fit. */
export function readToolArguments(
  words: readonly string[],
  schemas: Readonly<Record<string, ArgumentSchema>>,
): Record<string, unknown> {
  return Object.fromEntries(words.map((word) => {
    const at = word.indexOf("=");
    const name = word.slice(0, at);
    return [name, readValue(Object.hasOwn(schemas, name) ? schemas[name] : undefined, word.slice(at + 1))];
  }));
}

/** The text itself when it is not a value of the wanted type, so that the tool's own error quotes what was typed. */
function readValue(schema: ArgumentSchema | undefined, text: string): unknown {
  const types = schema === undefined ? [] : typesOf(schema);
  if (types.includes("string")) return text;
  if (types.includes("array")) return text.split(",").map((part) => part.trim());
  const isNumber = types.includes("integer") || types.includes("number");
  if (isNumber && /^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return Number(text);
  if (types.includes("boolean") && /^(true|false)$/i.test(text)) return text.toLowerCase() === "true";
  return text;
}

function typesOf({ type, anyOf = [], enum: words }: ArgumentSchema): readonly unknown[] {
  return [type ?? (words === undefined ? [] : "string"), anyOf.map((one) => typesOf(one as ArgumentSchema))].flat(2);
}
