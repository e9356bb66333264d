import { MARKETS } from "./markets.ts";

/** The code of every currency that some market trades. */
export const CURRENCIES: ReadonlySet<string> = new Set(MARKETS.flatMap(({ base, counter }) => [base, counter]));
