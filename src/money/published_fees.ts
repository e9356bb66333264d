/** The exchange's published fees of the first tier, used when an account's own rates are not known. */

import { kindOf } from "./currencies.ts";

/** The fees of an account in one market, as fractions: `"0.006"` is 0.6 %. A negative fee is a rebate. */
export interface FeeRates {
  readonly maker_fee_buy: string;
  readonly maker_fee_sell: string;
  readonly taker_fee_buy: string;
  readonly taker_fee_sell: string;
}

/** The rates for the country of the counter currency; euro, pounds and Australian dollars follow South Africa. */
export function publishedFees({ base, counter }: { readonly base: string; readonly counter: string }): FeeRates {
  const isStable = kindOf(base) === "stablecoin";
  switch (counter) {
    case "IDR":
      return {
        maker_fee_buy: "0.001122",
        maker_fee_sell: "0.002822",
        taker_fee_buy: "0.002122",
        taker_fee_sell: "0.003722",
      };
    case "MYR":
      return bothSides("0.0035", "0.006");
    case "NGN":
      return bothSides(isStable ? "-0.0001" : "0.001", "0.001");
    case "KES":
      return bothSides("-0.0001", "0.001");
    case "UGX":
      return bothSides("0", "0.001");
    case "ZAR":
      return isStable ? bothSides("-0.0001", "0.002") : bothSides("0.004", "0.006");
    case "AUD":
    case "EUR":
    case "GBP":
      return bothSides("0.004", "0.006");
    default:
      return bothSides("0.0008", "0.001");
  }
}

/** The same rates for buying and for selling. */
export function bothSides(maker: string, taker: string): FeeRates {
  return { maker_fee_buy: maker, maker_fee_sell: maker, taker_fee_buy: taker, taker_fee_sell: taker };
}
