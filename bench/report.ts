/** One line of JSON per figure. */

import { writeSync } from "node:fs";

/** Prints a figure; numbers are rounded to three significant digits. */
export function report(figure: Readonly<Record<string, string | number>>): void {
  const rounded = Object.entries(figure).map((
    [name, value],
  ) => [name, typeof value === "number" ? Number(value.toPrecision(3)) : value]);
  writeSync(1, `${JSON.stringify(Object.fromEntries(rounded))}\n`);
}

/** The value below which this share of several measurements lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The median of several measurements. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
