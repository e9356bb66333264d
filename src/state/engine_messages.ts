/** What is said between the program and the worker that an engine runs in. All of it is plain data. */

import { StateError } from "./state_error.ts";
import type { StateFailure } from "./state_error.ts";

/** To the worker, which answers in the order of asking. Nothing is asked after `close`. */
export type EngineRequest =
  | { readonly id: number; readonly open: string; readonly options: unknown }
  | { readonly id: number; readonly operation: string; readonly args: readonly unknown[] }
  | { readonly id: number; readonly close: true };

/** From the worker, one for each request. */
export type EngineAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PostedError };

/** From the worker: something went wrong in it that nobody had asked for, and another engine goes on. */
export interface EngineFault {
  readonly fault: string;
}

/** Names the error of an operation of which nobody knows what became, as its worker had a fault meanwhile. */
export const FAULT = "EngineFault";

/** An error as data: messages keep neither the class of an error nor what the class adds. */
export interface PostedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** What the class adds, as far as it is plain. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The error that it came of. */
  readonly cause?: PostedError;
}

/** Makes errors of one class from what was posted. */
export type RevivedErrors = Readonly<Record<string, (posted: PostedError) => Error>>;

/** Takes an error apart. */
export function postError(error: unknown): PostedError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), stack: undefined, fields: {} };
  const fields = Object.entries(error).filter(([name, value]) => name !== "name" && isPlain(value));
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    fields: Object.fromEntries(fields),
    ...(error.cause instanceof Error ? { cause: postError(error.cause) } : {}),
  };
}

/** Puts an error together again: of its own class where that is known, else an `Error` with its name. */
export function reviveError(posted: PostedError, classes: RevivedErrors = {}): Error {
  const known = { ...BUILT_IN, ...classes };
  const revive = Object.hasOwn(known, posted.name) ? known[posted.name] : undefined;
  const error = revive?.(posted) ?? Object.assign(new Error(posted.message), { name: posted.name, ...posted.fields });
  if (posted.cause !== undefined) error.cause = reviveError(posted.cause, classes);
  // Where it happened is worth more than where it arrived.
  if (posted.stack !== undefined) error.stack = posted.stack;
  return error;
}

const BUILT_IN: RevivedErrors = {
  StateError: ({ message, fields: { path, failure } }) =>
    new StateError(message, { path: String(path), failure: failure as StateFailure }),
  TypeError: ({ message }) => new TypeError(message),
  RangeError: ({ message }) => new RangeError(message),
};

function isPlain(value: unknown): boolean {
  return ["string", "number", "boolean", "bigint"].includes(typeof value);
}
