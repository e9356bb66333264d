/** Accepts enumerated arguments in any case: `side: "buy"` means `BUY`, over every transport. */

import { z } from "zod";

/** Arguments with enumerated words in the schema's spelling; a value that matches none, or several, stays unchanged. */
export function inDeclaredCase(input: z.ZodObject, args: unknown): unknown {
  if (typeof args !== "object" || args === null || Array.isArray(args)) return args;
  const changed = Object.entries(args).flatMap(([name, value]) => {
    const field: unknown = Object.hasOwn(input.shape, name) ? input.shape[name] : undefined;
    const spelt = spell(field, value);
    return spelt === value ? [] : [[name, spelt] as const];
  });
  return changed.length === 0 ? args : { ...args, ...Object.fromEntries(changed) };
}

function spell(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return spell(schema.unwrap(), value);
  }
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    const spelt = value.map((item) => spell(schema.element, item));
    return spelt.every((item, index) => item === value[index]) ? value : spelt;
  }
  if (!(schema instanceof z.ZodEnum) || typeof value !== "string") return value;
  if (schema.options.includes(value)) return value;
  const same = schema.options.filter((word) => String(word).toLowerCase() === value.toLowerCase());
  return same.length === 1 ? same[0] : value;
}
