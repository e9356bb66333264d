/**
 * What a setting is: type, bounds, default, flag, environment variable, help and secrecy in one row.
 *
 * Each command has a table of them. `--help`, validation, `config print`, the README's table and
 * redaction are all made from the tables.
 */

import type { Reader } from "./reader.ts";

/** One row of a table. */
export interface Setting {
  readonly reader: Reader;
  readonly help: string;
  /** `log-level` for `--log-level`; a setting without one cannot be given on the command line. */
  readonly flag?: string;
  /**
   * What stands behind the flag in the help, such as `level`; a flag without one is a switch. A `path` names a file, a
   * `folder` a folder: shells complete them.
   */
  readonly value?: string;
  /** Environment variables, the first that is set wins. */
  readonly env: readonly string[];
  /** In the text form that a flag would have. */
  readonly default?: string;
  /** Marks values that no output may show. */
  readonly secret?: true;
  /** Marks values that may have a secret in them: none is repeated where it is wrong, and a file of them is private. */
  readonly mayHoldSecret?: true;
  /** Marks what protects something: a variable that is set and empty is a mistake then, not the same as none. */
  readonly protects?: true;
  /** Marks what names another source: a file cannot name one. */
  readonly source?: true;
}

/** A table of settings. */
export type Settings = Readonly<Record<string, Setting>>;

/** The values that a table's readers read; `undefined` where there is neither a value nor a default. */
export type ValuesOf<Table extends Settings> = {
  readonly [Name in keyof Table]:
    | (Table[Name]["reader"] extends Reader<infer Value> ? Value : never)
    | (Table[Name] extends { readonly default: string } ? never : undefined);
};
