import Big from "big.js";
import { DAY_MS, startOfDay } from "../days.ts";
import type { TradedMarket } from "./market.ts";
import type { UserTrade } from "./orders.ts";

/**
 * What own fills in a market came to, in its counter currency, in the thirty days before the last midnight (UTC): fees
 * are set once a day, and today does not count yet. A trade with oneself counts on both sides.
 */
export function thirtyDayVolume(
  trades: readonly UserTrade[],
  { market, nowMs }: { readonly market: TradedMarket; readonly nowMs: number },
): Big {
  const midnight = startOfDay(nowMs);
  return trades
    .filter((trade) => trade.market.id === market.id)
    .filter(({ timestamp }) => timestamp >= midnight - 30 * DAY_MS && timestamp < midnight)
    .reduce((sum, { counter }) => sum.plus(counter), new Big(0));
}
