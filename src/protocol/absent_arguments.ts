/**
 * What stands for "not given": clients in strict mode must send every argument of a tool, and write `null`, an empty text
 * or an empty list for those that they leave out.
 */

import type { z } from "zod";

/** Arguments without those that are optional and empty; whatever is no object is answered as it is. */
export function withoutAbsent(input: z.ZodObject, args: unknown): unknown {
  if (typeof args !== "object" || args === null || Array.isArray(args)) return args;
  const absent = Object.entries(args).filter(([name, value]) => isEmpty(value) && isOptional(input, name));
  if (absent.length === 0) return args;
  const names = new Set(absent.map(([name]) => name));
  return Object.fromEntries(Object.entries(args).filter(([name]) => !names.has(name)));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

function isOptional({ shape }: z.ZodObject, name: string): boolean {
  const field: z.ZodType | undefined = Object.hasOwn(shape, name) ? shape[name] as z.ZodType : undefined;
  return field !== undefined && field.safeParse(undefined).success;
}
