/**
 * Decimals of the stream as whole numbers of 10^-18: additions and comparisons are exact, and several times as fast as
 * with `Big`. The exchange prints at most 18 places.
 */

const PLACES = 18;
const ONE = 10n ** BigInt(PLACES);

/** Digits and at most one point; neither sign nor exponent. */
const UNSIGNED_DECIMAL = /^\d{1,30}(?:\.\d{1,40})?$/;

/** Reads a decimal from zero up; `undefined` where it is none, or has a digit other than 0 behind the 18th place. */
export function toUnits(text: string): bigint | undefined {
  if (!UNSIGNED_DECIMAL.test(text)) return undefined;
  const point = text.indexOf(".");
  if (point < 0) return BigInt(text) * ONE;
  const end = point + 1 + PLACES;
  if (text.length > end && /[1-9]/.test(text.slice(end))) return undefined;
  return BigInt(text.slice(0, point) + text.slice(point + 1, end).padEnd(PLACES, "0"));
}

/** Writes units without trailing zeros, as every other decimal of an answer is written: `"0.93"`, `"1201"`. */
export function fromUnits(units: bigint): string {
  const digits = String(units).padStart(PLACES + 1, "0");
  const fraction = digits.slice(-PLACES).replace(/0+$/, "");
  const whole = digits.slice(0, -PLACES);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
