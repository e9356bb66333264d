/** A real market in the simulation's terms: ticks, lots and fees. */

import Big from "big.js";
import type { Market } from "../../exchange/market_schemas.ts";
import type { FeeRates } from "../../money/published_fees.ts";
import type { TradedMarket } from "../engine/market.ts";

/** The terms of a market; stored with every order. */
export type MarketTerms = Pick<
  TradedMarket,
  "id" | "base" | "counter" | "priceScale" | "volumeScale" | "feeScale" | "makerFee" | "takerFee"
>;

/** Decimals of a fee when a market does not give them. */
const FEE_SCALE = 8;

const NO_LIMITS = { status: "ACTIVE", minVolume: "0", maxVolume: "0", minPrice: "0", maxPrice: "0" } as const;

/** The market of an accepted order, without its limits, which no longer matter. */
export function marketOfTerms(terms: MarketTerms): TradedMarket {
  return { ...terms, ...NO_LIMITS };
}

/** A real market with the fees of an account. */
export function paperMarket(market: Market, { fees, side }: { fees: FeeRates; side: "BUY" | "SELL" }): TradedMarket {
  return {
    id: market.market_id,
    base: market.base_currency,
    counter: market.counter_currency,
    status: market.trading_status,
    minVolume: market.min_volume,
    maxVolume: market.max_volume,
    minPrice: market.min_price,
    maxPrice: market.max_price,
    volumeScale: market.volume_scale,
    priceScale: market.price_scale,
    feeScale: market.fee_scale === 0 ? FEE_SCALE : market.fee_scale,
    makerFee: side === "BUY" ? fees.maker_fee_buy : fees.maker_fee_sell,
    takerFee: side === "BUY" ? fees.taker_fee_buy : fees.taker_fee_sell,
  };
}

/** Whole lots in an amount of base currency; a fraction of a lot is dropped. */
export function wholeLots({ volumeScale }: Pick<TradedMarket, "volumeScale">, volume: Big): number {
  return volume.times(`1e${volumeScale}`).round(0, Big.roundDown).toNumber();
}
