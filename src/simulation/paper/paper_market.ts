/** A real market as the simulation's arithmetic counts it: whole ticks and lots, and the rates of fees. */

import Big from "big.js";
import type { Market } from "../../exchange/schemas.ts";
import type { SimulatedMarket } from "../model/markets.ts";

/** What the arithmetic needs of a market; kept with every order. */
export type MarketTerms = Pick<
  SimulatedMarket,
  "id" | "base" | "counter" | "priceScale" | "volumeScale" | "feeScale" | "makerFee" | "takerFee"
>;

/** Fees of an account in one market as fractions; a negative one is a rebate. */
export interface FeeRates {
  readonly maker_fee_buy: string;
  readonly maker_fee_sell: string;
  readonly taker_fee_buy: string;
  readonly taker_fee_sell: string;
}

/** Decimals of a fee where a market names none. */
const FEE_SCALE = 8;

const NO_LIMITS = { status: "ACTIVE", minVolume: "0", maxVolume: "0", minPrice: "0", maxPrice: "0" } as const;

/** Only what is simulated has these. */
const NOT_MODELLED = {
  typicalPrice: "0",
  activity: { spreadBps: 0, tradesPerMinute: 0, dailyVolume: 0, ordersPerSide: 0 },
} as const;

/** The market of an order that was accepted: its limits no longer matter. */
export function marketOfTerms(terms: MarketTerms): SimulatedMarket {
  return { ...terms, ...NO_LIMITS, ...NOT_MODELLED };
}

/** A real market with what one side pays in it. */
export function paperMarket(market: Market, { fees, side }: { fees: FeeRates; side: "BUY" | "SELL" }): SimulatedMarket {
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
    ...NOT_MODELLED,
  };
}

/** Whole lots in an amount of base currency; what is finer than a lot does not count. */
export function wholeLots({ volumeScale }: Pick<SimulatedMarket, "volumeScale">, volume: Big): number {
  return volume.times(`1e${volumeScale}`).round(0, Big.roundDown).toNumber();
}
