/** Readers of single settings. This file loads nothing, as every start needs all readers. */

/** A value, or what was expected instead. */
export type Reading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string };

/** The words that a reader accepts, when it accepts only those. */
export interface Choices {
  readonly words: readonly string[];
  /** Whether several may be given, separated by commas. */
  readonly isList: boolean;
}

/** Parses the text of a flag, a variable or a file. */
export interface Reader<Value = unknown> {
  read(text: string): Reading<Value>;
  /** Absent when it accepts more than a set of words. */
  readonly choices?: Choices;
}

/** Creates a reader from a function that returns `undefined` for what is not `expected`. */
export function readerOf<Value>(
  expected: string,
  find: (text: string) => Value | undefined,
  choices?: Choices,
): Reader<Value> {
  return {
    read(text) {
      const value = find(text);
      return value === undefined ? { ok: false, problem: `expected ${expected}` } : { ok: true, value };
    },
    ...(choices === undefined ? {} : { choices }),
  };
}

/** A reader of texts that satisfy a condition, without conversion. */
export function textWhere(expected: string, holds: (text: string) => boolean): Reader<string> {
  return readerOf(expected, (text) => holds(text) ? text : undefined);
}
