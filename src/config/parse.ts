/** Reads settings from their sources; in order of precedence: flags, environment, files, defaults. */

import { didYouMean } from "../text/nearest_word.ts";
import type { Setting, Settings, ValuesOf } from "./setting.ts";
import { quoteTyped } from "./typed_text.ts";

/** The source of a setting's text. */
export type Origin = "flag" | "environment" | "env file" | "config file" | "default" | "unset";

/** The sources of one run; all texts are unparsed. */
export interface Sources {
  /** By flag name without dashes. */
  readonly flags: Readonly<Record<string, string>>;
  env(name: string): string | undefined;
  /** The variables of `--env-file`. */
  readonly envFile?: Readonly<Record<string, string>>;
  /** The settings of `--config`, by flag name without dashes. */
  readonly configFile?: Readonly<Record<string, unknown>>;
}

/** The source of each value of a table. */
export type Origins<Table extends Settings> = Readonly<Record<keyof Table, Origin>>;

/**
 * All values with their sources; or every problem at once, together with the values that could be read. A problem
 * starts with the name that the operator used.
 */
export type Parsed<Table extends Settings> =
  | { ok: true; values: ValuesOf<Table>; origins: Origins<Table> }
  | { ok: false; problems: string[]; values: Partial<ValuesOf<Table>>; origins: Origins<Table> };

/** The unparsed text of a setting. */
export interface Found {
  readonly text: string;
  readonly origin: Origin;
  /** The name that the operator used. */
  readonly name: string;
}

/** Parses a whole table. Prints nothing, never exits, reports every problem. */
export function parseSettings<Table extends Settings>(table: Table, sources: Sources): Parsed<Table> {
  const problems = unknownKeys(table, sources.configFile ?? {});
  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [key, setting] of Object.entries<Setting>(table)) {
    const found = findText(setting, sources);
    origins[key] = found?.origin ?? "unset";
    if (found === undefined) continue;
    const reading = setting.reader.read(found.text);
    if (reading.ok) values[key] = reading.value;
    else problems.push(describe(setting, found, reading.problem));
  }
  const read = { values: values as ValuesOf<Table>, origins: origins as Origins<Table> };
  return problems.length > 0 ? { ok: false, problems, ...read } : { ok: true, ...read };
}

/** Looks up a setting in the sources; `undefined` when it has no text, not even a default. */
export function findText(setting: Setting, sources: Sources): Found | undefined {
  const { flag } = setting;
  const fromFlag = flag === undefined ? undefined : sources.flags[flag];
  if (fromFlag !== undefined) return { text: fromFlag, origin: "flag", name: `--${flag}` };
  for (const name of setting.env) {
    const text = sources.env(name);
    if (isGiven(setting, text)) return { text, origin: "environment", name };
  }
  for (const name of setting.env) {
    const text = sources.envFile?.[name];
    if (isGiven(setting, text)) return { text, origin: "env file", name };
  }
  const fromFile = flag === undefined ? undefined : sources.configFile?.[flag];
  if (fromFile !== undefined) {
    return { text: asText(fromFile), origin: "config file", name: `${flag} in the config file` };
  }
  if (setting.default === undefined) return undefined;
  return { text: setting.default, origin: "default", name: `--${flag}` };
}

function isGiven({ protects, secret }: Setting, text: string | undefined): text is string {
  return text !== undefined && ((secret === true ? text.trim() : text) !== "" || protects === true);
}

function unknownKeys(table: Settings, file: Readonly<Record<string, unknown>>): string[] {
  const flags = Object.values(table).filter((setting) => !setting.source).flatMap(({ flag }) => flag ?? []);
  return Object.keys(file)
    .filter((key) => !flags.includes(key))
    .map((key) => `${key} in the config file: unknown setting${didYouMean(key, flags)}${SECRETS_NOTE}`);
}

const SECRETS_NOTE = "; secrets come from the environment or a file of their own";

function asText(value: unknown): string {
  return Array.isArray(value) ? value.join(",") : String(value);
}

function describe(setting: Setting, found: Found, problem: string): string {
  const shown = setting.secret || setting.mayHoldSecret ? "[redacted]" : quoteTyped(found.text);
  return `${found.name}: ${problem}: current value is ${shown}`;
}
