/**
 * The stream's decimals as integers of 10^-18: additions and comparisons are exact, and several times as fast as with
 * `Big`. The exchange prints at most 18 places.
 */

const PLACES = 18;
const ONE = 10n ** BigInt(PLACES);

/** The value of a digit at each decimal place, in units. */
const WORTH: readonly bigint[] = Array.from({ length: PLACES + 1 }, (_, places) => 10n ** BigInt(PLACES - places));

const DIGITS = /^\d{1,30}$/;

/** Digits and at most one point; neither sign nor exponent. */
const UNSIGNED_DECIMAL = /^\d{1,30}(?:\.\d{1,40})?$/;

/** The number of digits that a double always represents. */
const EXACT_DIGITS = 15;

const [ZERO, NINE, POINT] = [48, 57, 46];

/** Parses a non-negative decimal; `undefined` when it is none, or has a digit other than 0 after the 18th place. */
export function toUnits(text: string): bigint | undefined {
  return text.length <= EXACT_DIGITS ? shortToUnits(text) : longToUnits(text);
}

/** Parses an integer of at most 30 digits; `undefined` when it is none. */
export function wholeNumber(text: string): bigint | undefined {
  if (text.length > EXACT_DIGITS) return DIGITS.test(text) ? BigInt(text) : undefined;
  let digits = 0;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code < ZERO || code > NINE) return undefined;
    digits = digits * 10 + (code - ZERO);
  }
  return text.length === 0 ? undefined : BigInt(digits);
}

/** Digit by digit, which is twice as fast as through text; most decimals of the stream are short. */
function shortToUnits(text: string): bigint | undefined {
  let digits = 0;
  let point = -1;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code >= ZERO && code <= NINE) digits = digits * 10 + (code - ZERO);
    else if (code === POINT && point < 0 && place > 0) point = place;
    else return undefined;
  }
  const places = point < 0 ? 0 : text.length - 1 - point;
  const worth = WORTH[places];
  return text.length === 0 || (point >= 0 && places === 0) || worth === undefined ? undefined : BigInt(digits) * worth;
}

function longToUnits(text: string): bigint | undefined {
  if (!UNSIGNED_DECIMAL.test(text)) return undefined;
  const point = text.indexOf(".");
  if (point < 0) return BigInt(text) * ONE;
  const end = point + 1 + PLACES;
  if (text.length > end && /[1-9]/.test(text.slice(end))) return undefined;
  return BigInt(text.slice(0, point) + text.slice(point + 1, end).padEnd(PLACES, "0"));
}

/** Formats units without trailing zeros, like every other decimal of an answer: `"0.93"`, `"1201"`. */
export function fromUnits(units: bigint): string {
  const digits = String(units).padStart(PLACES + 1, "0");
  const fraction = digits.slice(-PLACES).replace(/0+$/, "");
  const whole = digits.slice(0, -PLACES);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}
