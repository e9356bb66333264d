/** Checks of values out of JSON. What is right costs a look at it; where a member stands is found out for what is wrong alone. */

import { isObject } from "../validation/is_object.ts";

/** What is wrong with a value. */
export interface Problem {
  /** From the value that was checked to the one that is wrong, such as `.icons[0].src`. */
  readonly at: string;
  /** Says it in a sentence about the path of what is wrong. */
  readonly tell: (path: string) => string;
}

/** Answers what is wrong with a value, if something is. */
export type Check = (value: unknown) => Problem | undefined;

/** Checks by the names of members. */
export type Members = Readonly<Record<string, Check>>;

const isText = (value: unknown): value is string => typeof value === "string";

export const text: Check = expecting("a string", isText);
export const truth: Check = expecting("true or false", (value) => typeof value === "boolean");
export const number: Check = expecting("a number", (value) => Number.isFinite(value));
export const token: Check = expecting(
  "a string or an integer",
  (value) => isText(value) || Number.isSafeInteger(value),
);
export const anyObject: Check = object({});

/** The sentence about a problem with the value at `root`, which is empty for the outermost one. */
export function sentenceOf(problem: Problem | undefined, root: string): string | undefined {
  if (problem === undefined) return undefined;
  return problem.tell(root === "" ? problem.at.replace(/^\./, "") : `${root}${problem.at}`);
}

/** A value of which something holds. */
export function expecting(what: string, holds: (value: unknown) => boolean): Check {
  return (value) => holds(value) ? undefined : expected(what, value);
}

/** One of a few words. */
export function oneOf(words: readonly string[]): Check {
  return expecting(`one of ${words.join(", ")}`, (value) => isText(value) && words.includes(value));
}

/** A member that may be left out. */
export function optional(check: Check): Check {
  return (value) => value === undefined ? undefined : check(value);
}

/** An object with these members and any others. */
export function object(members: Members): Check {
  const entries = Object.entries(members);
  return (value) => {
    if (!isObject(value)) return expected("an object", value);
    for (const [name, check] of entries) {
      const problem = check(Object.hasOwn(value, name) ? value[name] : undefined);
      if (problem !== undefined) return within(memberOf(name), problem);
    }
    return undefined;
  };
}

/** An object whose members are all alike. */
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

/** A list whose items are all alike. */
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
  return JSON.stringify(isText(value) ? value.slice(0, 60) : value);
}
