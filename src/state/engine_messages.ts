/** The messages between the program and the worker that runs an engine; plain data only. */

import { StateError } from "./state_error.ts";
import type { StateFailure } from "./state_error.ts";

/** To the worker, which answers in order. Nothing follows `close`. */
export type EngineRequest =
  | { readonly id: number; readonly open: string; readonly options: unknown }
  | { readonly id: number; readonly operation: string; readonly args: readonly unknown[] }
  | { readonly id: number; readonly close: true };

/** From the worker, one per request. */
export type EngineAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: PostedError };

/** From the worker: a fault occurred outside of any operation, and a new engine continues. */
export interface EngineFault {
  readonly fault: string;
}

/** Names the error of an operation whose outcome is unknown because of a fault in its worker. */
export const FAULT = "EngineFault";

/** An error as plain data: messages preserve neither the class of an error nor its additional fields. */
export interface PostedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The class's own fields, if they are plain data. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The error that it came of. */
  readonly cause?: PostedError;
}

/** Recreates errors of one class. */
export type RevivedErrors = Readonly<Record<string, (posted: PostedError) => Error>>;

/** Converts an error to plain data. */
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

/** Recreates an error: in its own class if that is known, else as an `Error` with its name. */
export function reviveError(posted: PostedError, classes: RevivedErrors = {}): Error {
  const known = { ...BUILT_IN, ...classes };
  const revive = Object.hasOwn(known, posted.name) ? known[posted.name] : undefined;
  const error = revive?.(posted) ?? Object.assign(new Error(posted.message), { name: posted.name, ...posted.fields });
  if (posted.cause !== undefined) error.cause = reviveError(posted.cause, classes);
  // The place where it occurred matters more than where it arrived.
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
