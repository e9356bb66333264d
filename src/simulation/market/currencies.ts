import { MARKETS } from "./markets.ts";

/** The code of every currency that some market trades. */
export const CURRENCIES: ReadonlySet<string> = new Set(MARKETS.flatMap(({ base, counter }) => [base, counter]));

const FIAT = new Set(["ZAR", "MYR", "NGN", "EUR", "AUD"]);

/** Decimals in which amounts of a currency are counted: two for money of states, eight for the rest. */
export function decimalsOf(currency: string): number {
  return FIAT.has(currency) ? 2 : 8;
}

/** A currency as statements name it: BTC, although the code is XBT. */
export function labelOf(currency: string): string {
  return currency === "XBT" ? "BTC" : currency;
}
