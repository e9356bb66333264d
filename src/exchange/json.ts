/** Parses JSON without losing numbers: ids beyond 2^53 arrive as bare numbers, which `JSON.parse` silently rounds. */

import Big from "big.js";

/**
 * A bare number of 16 characters or more, or with an exponent, after what can precede a value. A shorter one has at most
 * 15 significant digits, which a double always represents.
 */
const RISKY_NUMBER =
  /(^|[:,[])(\s*)(?=-?(?:[\d.]{16}|[\d.]+[eE]))(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*(?:[,\]}]|$))/g;

/**
 * Parses JSON. A number that a double cannot represent exactly as written becomes a string of its source text:
 * `8557520073699984185` → `"8557520073699984185"`, while `0.10` stays the number 0.1.
 *
 * @throws {SyntaxError} when the text is not JSON
 * @throws {RangeError} when it is nested so deeply that it cannot be read
 */
export function parseJson(text: string): unknown {
  const quoted = text.replace(RISKY_NUMBER, (whole, before: string, space: string, number: string) => {
    return isExact(Number(number), number) ? whole : `${before}${space}"${number}"`;
  });
  if (quoted === text) return JSON.parse(text);
  try {
    return JSON.parse(quoted);
  } catch {
    // Within a string, a quotation mark before a digit always makes the text invalid. A reviver takes ten times as long.
    return JSON.parse(text, keepExact);
  }
}

/** The third argument holds a number's source text; TypeScript's library does not declare it yet. */
function keepExact(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return isExact(value, context.source) ? value : context.source;
}

function isExact(value: number, source: string): boolean {
  const shortest = String(value);
  return shortest === source || (Number.isFinite(value) && new Big(shortest).eq(new Big(source)));
}
