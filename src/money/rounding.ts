/** The few roundings that trading needs. All other arithmetic on money is exact. */

import Big from "big.js";

/** Rounds up to `scale` decimals. */
export function roundUp(amount: Big, scale: number): Big {
  return amount.round(scale, Big.roundUp);
}

/**
 * The greatest amount with `scale` decimals that, times `divisor`, is at most `dividend`. `Big.div` alone rounds to
 * twenty decimals first, possibly upwards.
 *
 * @param dividend at least 0
 * @throws {RangeError} when the divisor is not above 0
 */
export function divideDown(dividend: Big, divisor: Big, scale: number): Big {
  if (divisor.lte(0)) {
    throw new RangeError(`Cannot divide as divisor must be > 0: current value is ${divisor.toFixed()}`);
  }
  const units = dividend.times(`1e${scale}`);
  return units.minus(units.mod(divisor)).div(divisor).times(`1e-${scale}`);
}

/** The fee on an amount at a rate such as `0.006`, negative for a rebate, rounded half up as the exchange does. */
export function feeOn(amount: Big, rate: Big, scale: number): Big {
  return amount.times(rate).round(scale, Big.roundHalfUp);
}

/** The sum, exactly. */
export function sumOf(amounts: Iterable<Big>): Big {
  let sum = new Big(0);
  for (const amount of amounts) sum = sum.plus(amount);
  return sum;
}

/** The exact mean of two prices. */
export function middleOf(one: Big, other: Big): Big {
  return one.plus(other).times("0.5");
}
