/** A tool and its arguments as people type them: `get_orderbook pair=XBTZAR depth=5`. */

import type { z } from "zod";

/** What is wrong with words that should be `name=value`, each name once: of two amounts no one knows which is meant. */
export function judgeToolWords(words: readonly string[]): string[] {
  const malformed = words.filter((word) => !/^[A-Za-z_]\w*=/.test(word)).map((word) => `${word}: expected name=value`);
  const values = Map.groupBy(words.filter((word) => word.includes("=")), (word) => word.slice(0, word.indexOf("=")));
  const repeated = [...values].filter(([, given]) => given.length > 1).map(([name, given]) =>
    `${name}: expected once, given as ${given.map((word) => JSON.stringify(word.slice(name.length + 1))).join(" and ")}`
  );
  return [...malformed, ...repeated];
}

/** Reads `name=value` words as the tool's schemas want them: lists by comma, numbers and flags by their look. */
export function readToolArguments(
  words: readonly string[],
  schemaOf: (name: string) => z.ZodType | undefined,
): Record<string, unknown> {
  return Object.fromEntries(words.map((word) => {
    const at = word.indexOf("=");
    const name = word.slice(0, at);
    return [name, readValue(schemaOf(name), word.slice(at + 1))];
  }));
}

/** The first reading that the schema takes; the text itself where none does, so that the tool's own refusal is shown. */
function readValue(schema: z.ZodType | undefined, text: string): unknown {
  if (schema === undefined) return text;
  const readings: unknown[] = [text, text.split(",").map((part) => part.trim())];
  if (/^-?\d{1,15}$/.test(text)) readings.push(Number(text));
  if (text === "true" || text === "false") readings.push(text === "true");
  return readings.find((reading) => schema.safeParse(reading).success) ?? text;
}
