/**
 * Exact decimals: every price, volume, balance and fee is a decimal string on the wire and a `Big` in arithmetic.
 */

import Big from "big.js";

/** A decimal as Luno accepts it: digits, at most one point, an optional minus sign, never an exponent. */
export const PLAIN_DECIMAL = /^-?\d{1,40}(?:\.\d{1,40})?$/;

/** A decimal as a JSON number may be written (`-6e-05`); bounds the exponent, so that it can be expanded. */
const SCIENTIFIC_DECIMAL = /^-?\d{1,40}(?:\.\d{1,40})?[eE][+-]?\d{1,2}$/;

/** A decimal that already has the form in which {@linkcode formatDecimal} writes it. */
const NORMAL_DECIMAL = /^(?:0|-?[1-9]\d{0,39}|-?(?:0|[1-9]\d{0,39})\.\d{0,39}[1-9])$/;

/**
 * Reads a decimal string.
 *
 * @throws {RangeError} when the text is not a plain decimal
 */
export function parseDecimal(text: string): Big {
  if (!PLAIN_DECIMAL.test(text)) {
    throw new RangeError(`Cannot read a decimal: current value is ${JSON.stringify(text)}`);
  }
  return new Big(text);
}

/** Whether a plain decimal is above zero, without the cost of a `Big`. */
export function isPositive(decimal: string): boolean {
  return !decimal.startsWith("-") && /[1-9]/.test(decimal);
}

/** Writes a decimal without exponent and without trailing zeros (`"86592.8636"`, `"0.00000001"`, `"0"`). */
export function formatDecimal(value: Big): string {
  const text = value.toFixed();
  return text === "-0" ? "0" : text;
}

/**
 * Normalizes a decimal from the wire to the form that {@linkcode formatDecimal} writes (`"2765.000000000000000000"` →
 * `"2765"`, `-6e-05` → `"-0.00006"`); `null` when it is no decimal.
 */
export function normalizeDecimal(value: string | number): string | null {
  const text = String(value);
  if (NORMAL_DECIMAL.test(text)) return text;
  if (!PLAIN_DECIMAL.test(text)) return SCIENTIFIC_DECIMAL.test(text) ? writtenOut(text) : null;
  const trimmed = text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  return NORMAL_DECIMAL.test(trimmed) ? trimmed : formatDecimal(new Big(text));
}

/** Expands the exponent; `undefined` when the result has more digits than a decimal may have. */
function writtenOut(scientific: string): string | null {
  const text = formatDecimal(new Big(scientific));
  return PLAIN_DECIMAL.test(text) ? text : null;
}

/** `part` of `whole` as a percentage with `places` decimals; `null` when `whole` is zero. */
export function formatPercent(part: Big, whole: Big, places = 2): string | null {
  return whole.eq(0) ? null : formatDecimal(part.times(100).div(whole).round(places, Big.roundHalfEven));
}

/** The number of decimals that `value` needs (`1.50` needs one). */
export function countDecimals(value: Big): number {
  return Math.max(0, value.c.length - 1 - value.e);
}
