/**
 * The definition of a setting: type, bounds, default, flag, environment variable, help and secrecy in one row.
 *
 * Each command has a table of them. `--help`, validation, `config print`, `docs/configuration.md` and redaction are all
 * derived from the tables.
 */

import type { Reader } from "./reader.ts";

/** One row of a table. */
export interface Setting {
  readonly reader: Reader;
  readonly help: string;
  /** `log-level` for `--log-level`; a setting without one cannot be given on the command line. */
  readonly flag?: string;
  /**
   * The placeholder after the flag in the help, such as `level`; a flag without one is a switch. `path` is a file and
   * `folder` a folder: shells complete them.
   */
  readonly value?: string;
  /** Environment variables; the first that is set wins. */
  readonly env: readonly string[];
  /** In the text form of a flag. */
  readonly default?: string;
  /** Marks values that no output may show. */
  readonly secret?: true;
  /** Marks values that may contain a secret: they are never quoted, and a file of them must be private. */
  readonly mayHoldSecret?: true;
  /**
   * Marks a setting that protects something: a variable that is set but empty is then an error, not the same as unset.
   */
  readonly protects?: true;
  /** Marks a setting that names another source: it cannot be given in a file. */
  readonly source?: true;
}

/** A table of settings. */
export type Settings = Readonly<Record<string, Setting>>;

/** The values of a table; `undefined` when there is neither a value nor a default. */
export type ValuesOf<Table extends Settings> = {
  readonly [Name in keyof Table]:
    | (Table[Name]["reader"] extends Reader<infer Value> ? Value : never)
    | (Table[Name] extends { readonly default: string } ? never : undefined);
};
