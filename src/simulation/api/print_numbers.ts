/** The exchange's form of decimals and ids in JSON. */

import type Big from "big.js";
import type { TradedMarket } from "../engine/market.ts";

declare global {
  interface JSON {
    /** Standard since ES2026: a value that `JSON.stringify` writes as the given text. */
    rawJSON(text: string): object;
  }
}

/** Writes a decimal with at least two places and no further trailing zeros (`"0.50"`, `"0.652674"`). */
export function printDecimal(value: Big): string {
  const text = value.toFixed();
  return padPlaces(text === "-0" ? "0" : text, 2);
}

/** Writes `units` times 10^-`scale`, with at least `places` decimals and no further trailing zeros. */
export function printUnits(units: number, scale: number, places = 2): string {
  const digits = String(units).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, "");
  return `${whole}.${fraction.padEnd(places, "0")}`.replace(/\.$/, "");
}

/** Writes a price with at least `places` decimals. */
export function printPrice(market: TradedMarket, ticks: number, places?: number): string {
  return printUnits(ticks, market.priceScale, places);
}

/** Writes a volume with at least `places` decimals. */
export function printVolume(market: TradedMarket, lots: number, places?: number): string {
  return printUnits(lots, market.volumeScale, places);
}

/** A 64-bit id or a decimal as a bare JSON number, digit for digit. */
export function bareNumber(text: string): object {
  return JSON.rawJSON(text);
}

function padPlaces(text: string, places: number): string {
  const point = text.indexOf(".");
  if (point < 0) return `${text}.${"0".repeat(places)}`;
  return text.padEnd(point + 1 + places, "0");
}

/** A list in the configured form: an empty one may be `null`. */
export function printList<Item>(
  items: readonly Item[],
  { emptyLists }: { readonly emptyLists: "array" | "null" },
): readonly Item[] | null {
  return items.length === 0 && emptyLists === "null" ? null : items;
}
