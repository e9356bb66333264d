/** A market's `trading_status` in the exchange's spelling; only an ACTIVE market trades. */
export type TradingStatus = "ACTIVE" | "POST_ONLY" | "SUSPENDED" | "UNKNOWN";

/** A market in the engine's terms. Amounts are decimal strings; codes are Luno's (XBT, not BTC). */
export interface TradedMarket {
  readonly id: string;
  readonly base: string;
  readonly counter: string;
  readonly status: TradingStatus;
  /** Smallest and largest order, in base. */
  readonly minVolume: string;
  readonly maxVolume: string;
  /** Lowest and highest price of an order, in counter. */
  readonly minPrice: string;
  readonly maxPrice: string;
  /** Decimals of a volume, of a price and of a fee: one lot is 10^-volumeScale of base. */
  readonly volumeScale: number;
  readonly priceScale: number;
  readonly feeScale: number;
  /** Fees as fractions; a negative one is a rebate. */
  readonly makerFee: string;
  readonly takerFee: string;
}
