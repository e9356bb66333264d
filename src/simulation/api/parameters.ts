/** Parses the parameters of a request: query and form body together, each value by the exchange's own rules. */

import type Big from "big.js";
import { parseDecimal, PLAIN_DECIMAL } from "../../money/decimals.ts";
import type { LunoErrorCode } from "../../exchange/luno_errors.ts";
import { Refusal } from "../engine/refusal.ts";

const TRUE = new Set(["true", "True", "TRUE", "t", "T", "1"]);
const FALSE = new Set(["false", "False", "FALSE", "f", "F", "0"]);

/** The parameters of one request. An empty value counts as absent. */
export class Parameters {
  readonly #query: URLSearchParams;
  readonly #form: URLSearchParams;

  constructor(query: URLSearchParams, form: URLSearchParams = new URLSearchParams()) {
    this.#query = query;
    this.#form = form;
  }

  /** The value of a key; the form body takes precedence over the query. */
  text(name: string): string | undefined {
    return this.#form.get(name) || this.#query.get(name) || undefined;
  }

  /** Every value of a repeated key. A comma-separated list is refused, as by the real exchange. */
  list(name: string): readonly string[] {
    const values = [...this.#query.getAll(name), ...this.#form.getAll(name)].filter((value) => value !== "");
    if (values.some((value) => value.includes(","))) throw invalidArgument(name);
    return values;
  }

  /** An integer of up to fifteen digits. */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(text)) throw invalidArgument(name);
    return Number(text);
  }

  /** An integer in which zero means "absent": some clients send every optional field. */
  optionalInteger(name: string): number | undefined {
    return this.integer(name) || undefined;
  }

  /** The `limit` of a list: 1 to 1000, 100 when absent. */
  limit(): number {
    const limit = this.optionalInteger("limit") ?? 100;
    if (limit < 1 || limit > 1000) throw new Refusal("ErrLimitOutOfRange");
    return limit;
  }

  /** True or false in any of the spellings that a Go server accepts: Python clients send `True`. Absent means false. */
  boolean(name: string): boolean {
    const text = this.text(name);
    if (text === undefined || FALSE.has(text)) return false;
    if (TRUE.has(text)) return true;
    throw invalidArgument(name);
  }

  /** One of some words. */
  choice<Word extends string>(name: string, words: readonly Word[], code: LunoErrorCode): Word | undefined {
    const text = this.text(name);
    const word = words.find((candidate) => candidate === text);
    if (text !== undefined && word === undefined) throw new Refusal(code);
    return word;
  }

  /** A 64-bit id as digits; zero means "absent". */
  id(name: string): string | undefined {
    const text = this.text(name);
    if (text === undefined || text === "0") return undefined;
    if (!/^\d{1,19}$/.test(text)) throw new Refusal("ErrInvalidAccountID");
    return text;
  }

  /**
   * A decimal above zero; zero means "absent".
   *
   * @throws {Refusal} ErrInvalidValue for anything but a plain decimal (exponents too), `code` for a negative one
   */
  decimal(name: string, code: LunoErrorCode): Big | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (!PLAIN_DECIMAL.test(text)) throw new Refusal("ErrInvalidValue", `Invalid value provided for ${name}`);
    const value = parseDecimal(text);
    if (value.lt(0)) throw new Refusal(code);
    return value.eq(0) ? undefined : value;
  }
}

/** The refusal of a single malformed parameter, by name. */
export function invalidArgument(name: string): Refusal {
  return new Refusal("ErrInvalidArguments", `One or more arguments are invalid: ${name}`);
}
