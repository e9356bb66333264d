/**
 * Removes absent arguments: clients in strict mode must send every argument of a tool, and write `null`, an empty text
 * or an empty list for those that they omit.
 */

import type { z } from "zod";

/** Arguments without empty optional ones; anything but an object is returned unchanged. */
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
