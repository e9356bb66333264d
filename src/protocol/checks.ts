/**
 * Validates parsed JSON. A valid value costs only a pass over it; the path of a problem is computed only when there is
 * one.
 */

import { visibly } from "../text/visibly.ts";
import { isObject } from "../validation/is_object.ts";

/** The problem of a value. */
export interface Problem {
  /** The path from the checked value to the invalid one, such as `.icons[0].src`. */
  readonly at: string;
  /** Builds the sentence, given the path. */
  readonly tell: (path: string) => string;
}

/** Returns the problem of a value, if there is one. */
export type Check = (value: unknown) => Problem | undefined;

/** Checks by member name. */
export type Members = Readonly<Record<string, Check>>;

const isText = (value: unknown): value is string => typeof value === "string";

export const text: Check = expecting("a string", isText);
export const truth: Check = expecting("true or false", (value) => typeof value === "boolean");
export const number: Check = expecting("a number", (value) => Number.isFinite(value));
export function token(value: unknown): Problem | undefined {
  if (isText(value) || Number.isSafeInteger(value)) return undefined;
  const limit = Number.isInteger(value) ? ` up to ${Number.MAX_SAFE_INTEGER}` : "";
  return expected(`a string or an integer${limit}`, value);
}
export const anyObject: Check = object({});

/** The sentence about a problem of the value at `root`, which is empty for the outermost one. */
export function sentenceOf(problem: Problem | undefined, root: string): string | undefined {
  if (problem === undefined) return undefined;
  return problem.tell(root === "" ? problem.at.replace(/^\./, "") : `${root}${problem.at}`);
}

/** Checks a condition. */
export function expecting(what: string, holds: (value: unknown) => boolean): Check {
  return (value) => holds(value) ? undefined : expected(what, value);
}

/** One of some words. */
export function oneOf(words: readonly string[]): Check {
  return expecting(`one of ${words.join(", ")}`, (value) => isText(value) && words.includes(value));
}

/** An optional member. */
export function optional(check: Check): Check {
  return (value) => value === undefined ? undefined : check(value);
}

/** An object with these members, and possibly others. */
export function object(members: Members): Check {
  const entries = Object.entries(members);
  const isValid = validator(entries);
  return (value) => {
    if (!isObject(value)) return expected("an object", value);
    if (isValid(value)) return undefined;
    for (const [name, check] of entries) {
      const problem = check(Object.hasOwn(value, name) ? value[name] : undefined);
      if (problem !== undefined) return within(memberOf(name), problem);
    }
    return undefined;
  };
}

/** Whether an object is valid: looks only at the members that are there, which are fewer than there may be. */
function validator(entries: readonly (readonly [string, Check])[]): (value: Record<string, unknown>) => boolean {
  const checks = new Map(entries);
  let required: readonly string[] | undefined; // Some checks use others that are defined after them.
  return (value) => {
    required ??= entries.filter(([, check]) => check(undefined) !== undefined).map(([name]) => name);
    for (const name in value) if (checks.get(name)?.(value[name]) !== undefined) return false;
    for (const name of required) if (!Object.hasOwn(value, name)) return false;
    return true;
  };
}

/** An object whose members all satisfy one check. */
export function record(check: Check): Check {
  return (value) => {
    if (!isObject(value)) return expected("an object", value);
    for (const [name, member] of Object.entries(value)) {
      const problem = check(member);
      if (problem !== undefined) return within(memberOf(name), problem);
    }
    return undefined;
  };
}

/** An array whose items all satisfy one check. */
export function list(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return expected("a list", value);
    for (const [index, item] of value.entries()) {
      const problem = check(item);
      if (problem !== undefined) return within(`[${index}]`, problem);
    }
    return undefined;
  };
}

function within(place: string, { at, tell }: Problem): Problem {
  return { at: `${place}${at}`, tell };
}

function memberOf(name: string): string {
  const short = name.slice(0, 60);
  return /^\w+$/.test(short) ? `.${short}` : `[${JSON.stringify(short)}]`;
}

function expected(what: string, value: unknown): Problem {
  const tell = (path: string) =>
    value === undefined
      ? `${path} is missing: expected ${what}`
      : `${path} must be ${what}: current value is ${describe(value)}`;
  return { at: "", tell };
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (isObject(value)) return "an object";
  return visibly(JSON.stringify(isText(value) ? value.slice(0, 60) : value));
}
