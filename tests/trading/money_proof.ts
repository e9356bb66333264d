/**
 * Random money computations held against integers: each amount is a whole number of its smallest units in a `BigInt`,
 * where nothing can round.
 */

import Big from "big.js";
import { formatDecimal, parseDecimal } from "../../src/money/decimals.ts";
import { hash32 } from "../../src/simulation/random.ts";
import { divideDown, feeOn, roundUp, sumOf } from "../../src/money/rounding.ts";
import { walkBook } from "../../src/market/book_walk.ts";

/** What was found. */
export interface MoneyProof {
  readonly computations: number;
  /** The first ten computations that differ from their integers; none when everything is exact. */
  readonly differences: readonly string[];
}

/** An amount in units of `10 ** -scale`. */
interface Units {
  readonly units: bigint;
  readonly scale: number;
}

interface Compared {
  readonly what: string;
  readonly ours: Big;
  readonly exact: Units;
}

type Computation = (next: (bound: number) => number) => Compared;

const MAX_DIFFERENCES = 10;

/** Runs `count` computations; the same seed gives the same ones. */
export function proveMoney(count: number, seed: number): MoneyProof {
  const next = numbersFrom(seed);
  const differences: string[] = [];
  for (let i = 0; i < count && differences.length < MAX_DIFFERENCES; i++) {
    const compute = COMPUTATIONS[i % COMPUTATIONS.length] ?? multiply;
    const { what, ours, exact } = compute(next);
    const [written, expected] = [formatDecimal(ours), textOf(exact)];
    if (written !== expected || !parseDecimal(written).eq(ours)) {
      differences.push(`${what}: ${written} instead of ${expected}`);
    }
  }
  return { computations: count, differences };
}

const multiply: Computation = (next) => {
  const [a, b] = [amount(next, 20), amount(next, 20)];
  return {
    what: `${textOf(a)} * ${textOf(b)}`,
    ours: bigOf(a).times(bigOf(b)),
    exact: { units: a.units * b.units, scale: a.scale + b.scale },
  };
};

const divide: Computation = (next) => {
  const [dividend, divisor, scale] = [amount(next, 20), amount(next, 14), next(19)];
  const units = dividend.units * 10n ** BigInt(scale + divisor.scale) / (divisor.units * 10n ** BigInt(dividend.scale));
  return {
    what: `${textOf(dividend)} / ${textOf(divisor)} to ${scale} decimals`,
    ours: divideDown(bigOf(dividend), bigOf(divisor), scale),
    exact: { units, scale },
  };
};

/** A quotient that ends in a long row of nines, which any rounding on the way would carry over. */
const divideNines: Computation = (next) => {
  const [whole, divisor, scale] = [BigInt(next(1_000_000) + 1), 10n ** BigInt(12 + next(16)), next(12)];
  const dividend = { units: whole * divisor - 1n, scale: 0 };
  return {
    what: `${dividend.units} / ${divisor} to ${scale} decimals`,
    ours: divideDown(bigOf(dividend), bigOf({ units: divisor, scale: 0 }), scale),
    exact: { units: dividend.units * 10n ** BigInt(scale) / divisor, scale },
  };
};

const raise: Computation = (next) => {
  const [given, scale] = [amount(next, 24), next(12)];
  const whole = 10n ** BigInt(given.scale);
  const units = (given.units * 10n ** BigInt(scale) + whole - 1n) / whole;
  return { what: `${textOf(given)} raised to ${scale}`, ours: roundUp(bigOf(given), scale), exact: { units, scale } };
};

const fee: Computation = (next) => {
  const [given, rate, scale] = [amount(next, 20), { units: BigInt(next(20_000) - 2_000), scale: 6 }, 2 + next(9)];
  const product = given.units * rate.units;
  const places = given.scale + rate.scale;
  return {
    what: `fee on ${textOf(given)} at ${textOf(rate)} to ${scale} decimals`,
    ours: feeOn(bigOf(given), bigOf(rate), scale),
    exact: { units: halfUp(product * 10n ** BigInt(scale), 10n ** BigInt(places)), scale },
  };
};

const sum: Computation = (next) => {
  const amounts = Array.from({ length: 2 + next(12) }, () => amount(next, 20));
  const scale = 18;
  const units = amounts.reduce((total, each) => total + each.units * 10n ** BigInt(scale - each.scale), 0n);
  return { what: `sum of ${amounts.map(textOf).join(" ")}`, ours: sumOf(amounts.map(bigOf)), exact: { units, scale } };
};

/** What a market order spends on two levels of a book, and what it leaves. */
const spend: Computation = (next) => {
  const [volumeScale, priceScale] = [next(9), next(9)];
  const first = { price: BigInt(next(1_000_000) + 1), volume: BigInt(next(100_000) + 1) };
  const second = { price: first.price + BigInt(next(1_000) + 1), volume: BigInt(next(100_000) + 1) };
  const scale = volumeScale + priceScale;
  const budget = { units: first.price * first.volume + BigInt(next(2_000_000_000)), scale };
  const rest = (budget.units - first.price * first.volume) / second.price;
  const bought = rest < second.volume ? rest : second.volume;
  const asks = [first, second].map(({ price, volume }) => ({
    price: textOf({ units: price, scale: priceScale }),
    volume: textOf({ units: volume, scale: volumeScale }),
  }));
  return {
    what: `spending ${textOf(budget)} on ${JSON.stringify(asks)}`,
    ours: walkBook({ asks, bids: [] }, { side: "BUY", counterVolume: bigOf(budget), volumeScale }).counter,
    exact: { units: first.price * first.volume + second.price * bought, scale },
  };
};

const COMPUTATIONS: readonly Computation[] = [multiply, divide, divideNines, raise, fee, sum, spend];

/** An amount above zero with up to `digits` digits, of which up to 18 are decimals. */
function amount(next: (bound: number) => number, digits: number): Units {
  let text = String(1 + next(9));
  for (let left = next(digits); left > 0; left -= 6) text += String(next(10 ** Math.min(left, 6)));
  return { units: BigInt(text), scale: next(19) };
}

function bigOf({ units, scale }: Units): Big {
  return new Big(`${units}e-${scale}`);
}

function textOf({ units, scale }: Units): string {
  const sign = units < 0n ? "-" : "";
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const [whole, decimals] = [digits.slice(0, digits.length - scale), digits.slice(digits.length - scale)];
  const text = `${whole}.${decimals}`.replace(/\.?0*$/, "");
  return text === "0" ? text : sign + text;
}

/** Divides and rounds halves away from zero. */
function halfUp(dividend: bigint, divisor: bigint): bigint {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const rounded = (2n * magnitude + divisor) / (2n * divisor);
  return dividend < 0n ? -rounded : rounded;
}

function numbersFrom(seed: number): (bound: number) => number {
  let drawn = 0;
  return (bound) => Math.floor(hash32(seed, drawn++) / 2 ** 32 * bound);
}
