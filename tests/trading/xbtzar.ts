/** One market with a small book, to reckon with by hand. */

import type { Market } from "../../src/exchange/market_schemas.ts";
import type { FeeInfo } from "../../src/exchange/order_schemas.ts";
import type { Book } from "../../src/market/book_walk.ts";

/** Volumes of four decimals, whole prices. */
export const XBTZAR: Market = {
  market_id: "XBTZAR",
  base_currency: "XBT",
  counter_currency: "ZAR",
  trading_status: "ACTIVE",
  min_volume: "0.0005",
  max_volume: "100",
  volume_scale: 4,
  min_price: "10000",
  max_price: "10000000",
  price_scale: 0,
  fee_scale: 8,
};

/** Mid is 1000000. */
export const BOOK: Book = {
  asks: [{ price: "1001000", volume: "0.1" }, { price: "1002000", volume: "0.2" }, { price: "1005000", volume: "1" }],
  bids: [{ price: "999000", volume: "0.1" }, { price: "998000", volume: "0.2" }, { price: "995000", volume: "1" }],
};

/** South African rates of the first tier. */
export const FEES: FeeInfo = {
  maker_fee_buy: "0.004",
  maker_fee_sell: "0.004",
  taker_fee_buy: "0.006",
  taker_fee_sell: "0.006",
  thirty_day_volume: "0",
};
