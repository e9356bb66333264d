/** What reads one setting; light, as every start reads all of them. */

/** A text as a value, or what was expected in its place. */
export type Reading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problem: string };

/** The words that a reader knows, where only they are read. */
export interface Choices {
  readonly words: readonly string[];
  /** Whether several may be given, with commas between them. */
  readonly isList: boolean;
}

/** Reads the text that a flag, a variable or a file holds. */
export interface Reader<Value = unknown> {
  read(text: string): Reading<Value>;
  /** Absent where it reads anything but some words. */
  readonly choices?: Choices;
}

/** Makes a reader of a function that answers `undefined` for what is not `expected`. */
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

/** A reader of texts that hold to a condition, which are taken as they are. */
export function textWhere(expected: string, holds: (text: string) => boolean): Reader<string> {
  return readerOf(expected, (text) => holds(text) ? text : undefined);
}
