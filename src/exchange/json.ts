/** JSON whose numbers survive: ids beyond 2^53 arrive as bare numbers, and a plain `JSON.parse` rounds them in silence. */

import Big from "big.js";

/**
 * A bare number of 16 characters or more, or with an exponent. A shorter one has at most 15 significant digits, which a
 * double always holds; text inside a string may match too, which costs time but changes nothing.
 */
const RISKY_NUMBER = /(?:^|[:,[])\s*-?(?:[\d.]{16}|[\d.]+[eE])/;

/**
 * Parses JSON. A number that a double cannot hold exactly as it is written becomes a string with its source text:
 * `8557520073699984185` → `"8557520073699984185"`, while `0.10` stays the number 0.1.
 *
 * @throws {SyntaxError} when the text is not JSON
 * @throws {RangeError} when it is nested too deep to be read
 */
export function parseJson(text: string): unknown {
  return RISKY_NUMBER.test(text) ? JSON.parse(text, keepExact) : JSON.parse(text);
}

/** The third argument holds a number's source text; TypeScript's own library does not know of it yet. */
function keepExact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return isExact(value, context.source) ? value : context.source;
}

function isExact(value: number, source: string): boolean {
  const shortest = String(value);
  return shortest === source || (Number.isFinite(value) && new Big(shortest).eq(new Big(source)));
}
