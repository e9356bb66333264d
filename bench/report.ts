/** One line of JSON per figure. */

import { writeSync } from "node:fs";

/** Prints a figure; numbers keep three significant digits. */
export function report(figure: Readonly<Record<string, string | number>>): void {
  const rounded = Object.entries(figure).map((
    [name, value],
  ) => [name, typeof value === "number" ? Number(value.toPrecision(3)) : value]);
  writeSync(1, `${JSON.stringify(Object.fromEntries(rounded))}\n`);
}

/** The middle of several measurements. */
export function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}
