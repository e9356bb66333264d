/**
 * Each currency's decimals, kind and names. Previews, valuation, paper trading and the simulation all read this one
 * table. Codes are Luno's: XBT, not BTC.
 */

/** Money issued by a state, a token pegged to such money, or anything else. */
export type CurrencyKind = "fiat" | "stablecoin" | "crypto";

interface Currency {
  readonly code: string;
  readonly kind: CurrencyKind;
  /** The name in statements, where it differs from the code. */
  readonly label?: string;
  /** Other names, in capitals. */
  readonly names?: readonly string[];
}

const FIAT_DECIMALS = 2;
const OTHER_DECIMALS = 8;

/** A currency that is not listed counts as a cryptocurrency. */
const CURRENCIES: readonly Currency[] = [
  { code: "AUD", kind: "fiat" },
  { code: "EUR", kind: "fiat", names: ["EURO"] },
  { code: "GBP", kind: "fiat" },
  { code: "IDR", kind: "fiat", names: ["RUPIAH"] },
  { code: "KES", kind: "fiat" },
  { code: "MYR", kind: "fiat", names: ["RINGGIT"] },
  { code: "NAD", kind: "fiat" },
  { code: "NGN", kind: "fiat", names: ["NAIRA"] },
  { code: "SGD", kind: "fiat" },
  { code: "UGX", kind: "fiat" },
  { code: "USD", kind: "fiat" },
  { code: "ZAR", kind: "fiat", names: ["RAND"] },
  { code: "ZMW", kind: "fiat", names: ["KWACHA"] },
  { code: "USDC", kind: "stablecoin" },
  { code: "USDT", kind: "stablecoin", names: ["TETHER"] },
  { code: "XBT", kind: "crypto", label: "BTC", names: ["BTC", "BITCOIN"] },
  { code: "ADA", kind: "crypto", names: ["CARDANO"] },
  { code: "DOGE", kind: "crypto", names: ["DOGECOIN"] },
  { code: "ETH", kind: "crypto", names: ["ETHER", "ETHEREUM"] },
  { code: "LTC", kind: "crypto", names: ["LITECOIN"] },
  { code: "SOL", kind: "crypto", names: ["SOLANA"] },
  { code: "XRP", kind: "crypto", names: ["RIPPLE"] },
];

const BY_CODE: ReadonlyMap<string, Currency> = new Map(CURRENCIES.map((currency) => [currency.code, currency]));
const BY_NAME: ReadonlyMap<string, string> = new Map(
  CURRENCIES.flatMap(({ code, names = [] }) => names.map((name) => [name, code])),
);

/** The kind of money that a code stands for. */
export function kindOf(code: string): CurrencyKind {
  return BY_CODE.get(code)?.kind ?? "crypto";
}

/** The number of decimals in which a currency is counted, spent and valued. */
export function decimalsOf(code: string): number {
  return kindOf(code) === "fiat" ? FIAT_DECIMALS : OTHER_DECIMALS;
}

/** The name of a currency in statements: BTC for the code XBT. */
export function labelOf(code: string): string {
  return BY_CODE.get(code)?.label ?? code;
}

/** Other names of a currency, in capitals; matched as whole words, so that `WBTC` stays itself. */
export function otherNamesOf(code: string): readonly string[] {
  return BY_CODE.get(code)?.names ?? [];
}

/** The code that a word in capitals names: `BTC` and `BITCOIN` are `XBT`; the word itself when it is no other name. */
export function codeOf(word: string): string {
  return BY_NAME.get(word) ?? word;
}
